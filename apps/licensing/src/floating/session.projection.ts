import type { FloatingEvent } from '#domain/floating/floating';
import { tableProjection } from '#events';
import type { SessionRow } from './session.table.ts';

/** Sessions that have ended stay: a program that has slept for long is told that its session is over, not that it never was. */
export const sessionsProjection = tableProjection<SessionRow, FloatingEvent>({
  name: 'floating_sessions',
  table: 'floating_sessions',
  key: 'id',
  columns: {
    id: 'text',
    version: 'integer',
    begun_in: 'integer',
    license_id: 'text',
    product_id: 'text',
    identifier: 'text',
    identifier_hash: 'text',
    label: 'text',
    checked_out_at: 'timestamptz',
    renewed_at: 'timestamptz',
    expires_at: 'timestamptz',
    borrowed_until: 'timestamptz',
    ended_at: 'timestamptz',
  },
  types: ['floating.*'],
  id: ({ event }) => event.session_id,
  evolve: (row, { event, version, recorded_at }) => {
    if (event.type === 'floating.checked_out') {
      const { license_id, product_id, identifier, identifier_hash, label } = event;
      const checked_out_at = new Date(event.checked_out_at);
      return {
        id: event.session_id,
        version,
        begun_in: version,
        license_id,
        product_id,
        identifier,
        identifier_hash,
        label,
        checked_out_at,
        renewed_at: checked_out_at,
        ...runs(event),
        ended_at: null,
      };
    }
    return row && { ...row, ...changes(event, recorded_at), version };
  },
});

const runs = ({ expires_at, borrowed_until }: { expires_at: string; borrowed_until: string | null }) => ({
  expires_at: new Date(expires_at),
  borrowed_until: borrowed_until === null ? null : new Date(borrowed_until),
});

const changes = (
  event: Exclude<FloatingEvent, { type: 'floating.checked_out' }>,
  recorded_at: string,
): Partial<SessionRow> => {
  switch (event.type) {
    case 'floating.renewed':
      return { renewed_at: new Date(event.renewed_at), ...runs(event) };
    case 'floating.relabeled':
      return { label: event.label };
    case 'floating.checked_in':
      return { ended_at: new Date(recorded_at) };
    case 'floating.expired':
      return { ended_at: new Date(event.expires_at) };
    default:
      return {};
  }
};

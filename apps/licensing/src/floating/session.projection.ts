import type { FloatingEvent } from '#domain/licensing/floating/floating';
import type { UnrecordedEvent } from '#events/event';
import { writingProjection } from '#events/store';
import { sessionsTable } from './session.table.ts';

type Begun = Extract<FloatingEvent, { type: 'floating.checked_out' }>;

/** The changes of one session by the events of a batch; null = no change, in columns that never become null again. */
interface Change {
  readonly id: string;
  version: number;
  begun: (Begun & { readonly version: number }) | undefined;
  label: string | null;
  is_relabeled: boolean;
  renewed_at: string | null;
  expires_at: string | null;
  borrowed_until: string | null;
  ended_at: string | null;
  /** The event whose recording time is the end of the session. */
  ended_by: string | null;
}

/** A session that was checked in ended at the time when that event was recorded. */
const ENDED_AT = 'coalesce(c.ended_at, (select recorded_at from events where events.id = c.ended_by))';

/**
 * Rows are written without being read: all values are in the event itself or in its log entry. Projecting an event again changes
 * nothing.
 */
const INSERT = `insert into floating_sessions as t (id, version, begun_in, license_id, product_id, identifier, identifier_hash, label,
    checked_out_at, renewed_at, expires_at, borrowed_until, ended_at)
  select c.id, c.version, begun_in, license_id, product_id, identifier, identifier_hash, label,
    checked_out_at, renewed_at, expires_at, borrowed_until, ${ENDED_AT}
  from unnest($1::text[], $2::int[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[], $14::text[])
    as c(id, version, begun_in, license_id, product_id, identifier, identifier_hash, label,
      checked_out_at, renewed_at, expires_at, borrowed_until, ended_at, ended_by)
  on conflict (id) do update set
    version = excluded.version,
    label = excluded.label,
    renewed_at = excluded.renewed_at,
    expires_at = excluded.expires_at,
    borrowed_until = excluded.borrowed_until,
    ended_at = excluded.ended_at
  where t.version < excluded.version`;

const UPDATE = `update floating_sessions as t set
    version = c.version,
    label = case when c.is_relabeled then c.label else t.label end,
    renewed_at = coalesce(c.renewed_at, t.renewed_at),
    expires_at = coalesce(c.expires_at, t.expires_at),
    borrowed_until = coalesce(c.borrowed_until, t.borrowed_until),
    ended_at = coalesce(${ENDED_AT}, t.ended_at)
  from unnest($1::text[], $2::int[], $3::text[], $4::boolean[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[],
    $8::timestamptz[], $9::text[])
    as c(id, version, label, is_relabeled, renewed_at, expires_at, borrowed_until, ended_at, ended_by)
  where t.id = c.id and t.version < c.version`;

/**
 * Rows of ended sessions stay, for two reasons. A program that wakes up after a long sleep gets the answer that its session is
 * over, not that it is unknown. The newest row of a license also holds the stream version, which the snapshot loads.
 */
export const sessionsProjection = writingProjection({
  name: sessionsTable.name,
  types: ['floating.*'],
  tables: [sessionsTable.name],
  writes: (batch) => {
    const changes = new Map<string, Change>();
    for (const event of batch as unknown as readonly UnrecordedEvent<FloatingEvent>[]) note(changes, event);
    const all = [...changes.values()];
    const begun = all.flatMap(rowOf);
    const others = all.filter((change) => change.begun === undefined).map(changeOf);
    return [
      ...(begun.length > 0 ? [{ name: 'insert_sessions', text: INSERT, values: columns(begun) }] : []),
      ...(others.length > 0 ? [{ name: 'update_sessions', text: UPDATE, values: columns(others) }] : []),
    ];
  },
});

const note = (changes: Map<string, Change>, { id: event_id, event, version }: UnrecordedEvent<FloatingEvent>): void => {
  const { session_id: id } = event;
  const change = changes.get(id) ?? { ...NOTHING, id, version };
  changes.set(id, change);
  change.version = version;
  switch (event.type) {
    case 'floating.checked_out':
      change.begun = { ...event, version };
      change.label = event.label;
      change.renewed_at = event.checked_out_at;
      change.expires_at = event.expires_at;
      change.borrowed_until = event.borrowed_until;
      break;
    case 'floating.renewed':
      change.renewed_at = event.renewed_at;
      change.expires_at = event.expires_at;
      change.borrowed_until = event.borrowed_until;
      break;
    case 'floating.relabeled':
      change.label = event.label;
      change.is_relabeled = true;
      break;
    case 'floating.checked_in':
      change.ended_by = event_id;
      break;
    case 'floating.expired':
      change.ended_at = event.expires_at;
  }
};

const NOTHING = {
  begun: undefined,
  label: null,
  is_relabeled: false,
  renewed_at: null,
  expires_at: null,
  borrowed_until: null,
  ended_at: null,
  ended_by: null,
};

const rowOf = ({
  begun,
  id,
  version,
  label,
  renewed_at,
  expires_at,
  borrowed_until,
  ended_at,
  ended_by,
}: Change): unknown[][] => {
  if (begun === undefined) return [];
  const { license_id, product_id, identifier, identifier_hash, checked_out_at } = begun;
  const who = [license_id, product_id, identifier, identifier_hash, label];
  return [
    [id, version, begun.version, ...who, checked_out_at, renewed_at, expires_at, borrowed_until, ended_at, ended_by],
  ];
};

const changeOf = ({ id, version, label, is_relabeled, ...times }: Change): unknown[] => [
  id,
  version,
  label,
  is_relabeled,
  times.renewed_at,
  times.expires_at,
  times.borrowed_until,
  times.ended_at,
  times.ended_by,
];

/** Transposes rows to one array per column. */
const columns = (rows: readonly (readonly unknown[])[]): unknown[][] =>
  (rows[0] ?? []).map((_, column) => rows.map((row) => row[column]));

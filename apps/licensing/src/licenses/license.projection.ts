import type { LicenseEvent, Term, UnheldStatus } from '#domain/licensing/license/license';
import { tableProjection } from '#events/projection/table';
import { type LicenseRow, licensesTable } from './license.table.ts';

export const licensesProjection = tableProjection<LicenseRow, LicenseEvent>({
  table: licensesTable,
  types: ['license.*', 'plan.changed', 'activation.*'],
  id: ({ stream_id }) => stream_id,
  evolve: (row, { event, stream_id, version }) => {
    if (event.type === 'license.created') {
      const { type: _event, key_sealed: _key, trial: _trial, ...license } = event;
      return {
        ...license,
        id: stream_id,
        version,
        resumes_as: event.status,
        activations: 0,
        ...term(event, event.status),
        term_started_at: dateOf(event.term_started_at),
      };
    }
    return row && { ...row, ...changes(row, event), version };
  },
});

const changes = (row: LicenseRow, event: LicenseEvent): Partial<LicenseRow> => {
  switch (event.type) {
    case 'license.updated': {
      const { type: _event, product_id: _product, customer_id: _customer, ...description } = event;
      return description;
    }
    case 'license.renewed':
      return { ...underneath(row, event.status), ...term(event, event.status) };
    case 'plan.changed':
      return {
        plan_id: event.plan_id,
        ...underneath(row, event.status),
        ...term(event, event.status),
      };
    case 'license.term_started': {
      const valid_until = dateOf(event.valid_until);
      return {
        term_started_at: new Date(event.started_at),
        term_anchor: new Date(event.term_anchor),
        valid_until,
        due_at: valid_until,
        updates_until: dateOf(event.updates_until),
      };
    }
    case 'license.transferred': {
      const { type: _event, product_id: _product, previous_customer_id: _previous, reason: _reason, ...owner } = event;
      return owner;
    }
    case 'license.past_due':
      return { ...underneath(row, 'past_due'), due_at: new Date(event.grace_until) };
    case 'license.expired':
      return { ...underneath(row, 'expired'), due_at: null };
    case 'license.canceled':
      return { status: 'canceled', resumes_as: 'canceled', valid_until: new Date(event.valid_until), due_at: null };
    case 'license.suspended':
      return { status: 'suspended' };
    case 'license.reinstated':
      // A license that expired while it was suspended has no due date any more.
      return {
        status: event.status,
        resumes_as: event.status,
        ...(event.status === 'expired' ? { due_at: null } : {}),
      };
    case 'license.key_rotated':
      return { key_hash: event.key_hash };
    case 'license.revoked':
      return { status: 'revoked', due_at: null };
    case 'activation.added':
      return { activations: row.activations + 1 };
    case 'activation.removed':
      return { activations: row.activations - 1 };
    default:
      return {};
  }
};

const underneath = ({ status }: LicenseRow, resumes_as: UnheldStatus): Pick<LicenseRow, 'status' | 'resumes_as'> => ({
  status: status === 'suspended' ? 'suspended' : resumes_as,
  resumes_as,
});

const dateOf = (time: string | null): Date | null => (time === null ? null : new Date(time));

/**
 * A license that is issued after the end of its term is due immediately: only the scheduler knows how long the grace period is.
 */
const term = (
  { valid_from, valid_until, term_anchor, updates_until }: Term,
  status: UnheldStatus,
): Pick<LicenseRow, 'valid_from' | 'valid_until' | 'term_anchor' | 'updates_until' | 'due_at'> => {
  const until = dateOf(valid_until);
  return {
    valid_from: new Date(valid_from),
    valid_until: until,
    term_anchor: dateOf(term_anchor),
    updates_until: dateOf(updates_until),
    due_at: status === 'expired' ? null : until,
  };
};

import type { LicenseEvent, Term, UnheldStatus } from '#domain/licensing/license/license';
import { NO_SALE, pastDueSince } from '#domain/licensing/license/license.sale';
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
        ...NO_SALE,
        quantity: 1,
        ...license,
        id: stream_id,
        version,
        resumes_as: event.status,
        activations: 0,
        ...term(event, event.status),
        past_due_at: event.status === 'past_due' ? dateOf(event.valid_until) : null,
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
      return { ...underneath(row, event.status, dateOf(event.valid_until)), ...term(event, event.status) };
    case 'plan.changed':
      return {
        plan_id: event.plan_id,
        ...underneath(row, event.status, dateOf(event.valid_until)),
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
      return {
        ...underneath(row, 'past_due'),
        due_at: new Date(event.grace_until),
        past_due_at: new Date(event.past_due_at ?? event.valid_until),
      };
    case 'license.expired':
      return { ...underneath(row, 'expired'), due_at: null };
    case 'license.canceled':
      return canceled(row, event);
    case 'license.suspended':
      // The license of a subscription that has ended has no due date any more.
      return { status: 'suspended', ...(event.by === 'ended' ? { due_at: null } : {}) };
    case 'license.held':
      return event.hold === 'ended' ? { due_at: null } : {};
    case 'license.quantity_changed':
      return { quantity: event.quantity };
    case 'license.expiry_postponed':
      return { due_at: new Date(event.expires_at) };
    case 'license.reinstated':
      // A license that expired while it was suspended has no due date any more.
      return {
        status: event.status,
        resumes_as: event.status,
        past_due_at: pastDueSince(event.status, row.valid_until, row),
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

const underneath = (
  row: LicenseRow,
  resumes_as: UnheldStatus,
  valid_until = row.valid_until,
): Pick<LicenseRow, 'status' | 'resumes_as' | 'past_due_at'> => ({
  status: row.status === 'suspended' ? 'suspended' : resumes_as,
  resumes_as,
  past_due_at: pastDueSince(resumes_as, valid_until, row),
});

/** After the end of a subscription, the scheduler ends its license at the end of what is paid. */
const canceled = (
  { status }: LicenseRow,
  { valid_until, ending }: Extract<LicenseEvent, { type: 'license.canceled' }>,
): Partial<LicenseRow> => {
  const until = new Date(valid_until);
  const isHeld = ending !== undefined && status === 'suspended';
  return {
    status: isHeld ? 'suspended' : 'canceled',
    resumes_as: 'canceled',
    valid_until: until,
    past_due_at: null,
    due_at: ending === undefined ? null : until,
  };
};

const dateOf = (time: string | null): Date | null => (time === null ? null : new Date(time));

/**
 * A license that is issued after the end of its term is due immediately: only the scheduler knows how long the grace period is.
 * A license with a subscription is due when it expires without a word from billing.
 */
const term = (
  { valid_from, valid_until, term_anchor, updates_until, expires_at }: Term & { readonly expires_at?: string | null },
  status: UnheldStatus,
): Pick<LicenseRow, 'valid_from' | 'valid_until' | 'term_anchor' | 'updates_until' | 'due_at'> => {
  const until = dateOf(valid_until);
  return {
    valid_from: new Date(valid_from),
    valid_until: until,
    term_anchor: dateOf(term_anchor),
    updates_until: dateOf(updates_until),
    due_at: status === 'expired' ? null : (dateOf(expires_at ?? null) ?? until),
  };
};

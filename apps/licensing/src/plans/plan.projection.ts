import { PLAN_DEFAULTS, type PlanEvent } from '#domain/licensing/plan/plan';
import { tableProjection } from '#events/projection/table';
import type { PlanRow } from './plan.table.ts';

export const plansProjection = tableProjection<PlanRow, PlanEvent>({
  name: 'plans',
  table: 'plans',
  key: 'id',
  columns: {
    id: 'text',
    version: 'integer',
    product_id: 'text',
    checkout_id: 'text',
    name: 'text',
    slug: 'text',
    license_type: 'text',
    license_model: 'text',
    billing_interval: 'text',
    max_activations: 'integer',
    max_seats: 'integer',
    trial_days: 'integer',
    grace_days: 'integer',
    floating_timeout: 'integer',
    max_borrow_days: 'integer',
    sort_order: 'integer',
    active: 'boolean',
    term_starts: 'text',
    renewal_from: 'text',
    updates_days: 'integer',
    fingerprint_lock: 'boolean',
    bound_identity: 'text',
    activation_ttl_days: 'integer',
    max_deactivations: 'integer',
    deactivation_period_days: 'integer',
    created_at: 'timestamptz',
    updated_at: 'timestamptz',
  },
  types: ['plan.created', 'plan.updated', 'plan.entitlement_set', 'plan.entitlement_removed'],
  id: ({ stream_id }) => stream_id,
  evolve: (row, { event, stream_id, version, recorded_at }) => {
    const updated_at = new Date(recorded_at);
    switch (event.type) {
      case 'plan.created': {
        const { type: _event, ...plan } = event;
        return { id: stream_id, version, ...PLAN_DEFAULTS, ...plan, created_at: updated_at, updated_at };
      }
      case 'plan.updated':
        return row && { ...row, ...event.changes, version, updated_at };
      default:
        // Entitlements are not listed here, but the version is that of the stream.
        return row && { ...row, version };
    }
  },
});

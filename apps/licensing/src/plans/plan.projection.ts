import type { PlanEvent } from '#domain/licensing/plan/plan';
import { BILLING_POLICY_DEFAULTS } from '#domain/licensing/plan/plan.billing-policies';
import { tableProjection } from '#events/projection/table';
import { type PlanRow, plansTable } from './plan.table.ts';

export const plansProjection = tableProjection<PlanRow, PlanEvent>({
  table: plansTable,
  types: ['plan.created', 'plan.updated', 'plan.entitlement_set', 'plan.entitlement_removed'],
  id: ({ stream_id }) => stream_id,
  evolve: (row, { event, stream_id, version, recorded_at }) => {
    const updated_at = new Date(recorded_at);
    switch (event.type) {
      case 'plan.created': {
        const { type: _event, ...plan } = event;
        return { id: stream_id, version, ...BILLING_POLICY_DEFAULTS, ...plan, created_at: updated_at, updated_at };
      }
      case 'plan.updated':
        return row && { ...row, ...event.changes, version, updated_at };
      default:
        // This table has no entitlements, but its version is the version of the stream, so it must count their events.
        return row && { ...row, version };
    }
  },
});

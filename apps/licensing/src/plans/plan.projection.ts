import { assertUnused, type PlanEvent } from '#domain/licensing/plan/plan';
import { BILLING_POLICY_DEFAULTS } from '#domain/licensing/plan/plan.billing-policies';
import { tableProjection } from '#events/projection/table';
import type { Projection } from '#events/store';
import { usesOfPlan } from './plan-uses.ts';
import { type PlanRow, plansTable } from './plan.table.ts';

const rows = tableProjection<PlanRow, PlanEvent>({
  table: plansTable,
  types: ['plan.created', 'plan.updated', 'plan.entitlement_set', 'plan.entitlement_removed', 'plan.deleted'],
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
      case 'plan.deleted':
        return null;
      default:
        // This table has no entitlements, but its version is the version of the stream, so it must count their events.
        return row && { ...row, version };
    }
  },
});

/**
 * Projects plans, and refuses to delete one that is in use. Flushes are serial across all processes, so this is the last word: what
 * was committed before is seen here, and a license that is issued later reads the plan and finds it deleted. Licenses and batches
 * of the same flush are seen because their projections run before this one (licensing.module.ts).
 */
export const plansProjection: Projection = {
  ...rows,
  handle: async (batch, tx) => {
    await rows.handle(batch, tx);
    for (const { type, stream_id } of batch) if (type === 'plan.deleted') assertUnused(await usesOfPlan(stream_id, tx));
  },
};

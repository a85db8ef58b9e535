import { addDays, type Time } from '../../shared/time.ts';
import { orFollowed } from './license.billing.ts';
import { refuse } from './license.errors.ts';
import type { License, LicenseEvent } from './license.ts';
import { updatesOnChange } from './license.terms.ts';
import type { Plan } from './on-license.ts';

/** Maintenance was bought: new releases are included for the `updates_days` of the plan, from the later of now and their end. */
export interface RenewMaintenance {
  readonly type: 'RenewMaintenance';
  readonly plan: Plan;
  readonly now: Time;
}

/** An upgrade of an owned license was bought: it has another plan, and its term stays. */
export interface UpgradeByPurchase {
  readonly type: 'UpgradeByPurchase';
  readonly to: Plan;
  readonly now: Time;
}

/** A suspended license gets what was bought, and stays suspended. */
export const renewMaintenance = ({ plan, now }: RenewMaintenance, state: License): readonly LicenseEvent[] => {
  if (state.status === 'revoked') return [];
  const { updates_until } = state;
  if (isOver(state) || updates_until === null || plan.updates_days === null) return orFollowed([], state);
  const { product_id, plan_id, resumes_as, valid_from, valid_until, term_anchor, trial, expires_at, ending } = state;
  return [
    {
      type: 'license.renewed',
      product_id,
      plan_id,
      status: resumes_as,
      valid_from,
      valid_until,
      term_anchor,
      updates_until: addDays(updates_until > now ? updates_until : now, plan.updates_days),
      ...(trial ? { trial } : {}),
      expires_at,
      ...(ending === 'kept' ? { ending } : {}),
    },
  ];
};

export const upgradeByPurchase = ({ to, now }: UpgradeByPurchase, state: License): readonly LicenseEvent[] => {
  if (state.status === 'revoked') return [];
  if (isOver(state) || to.plan_id === state.plan_id) return orFollowed([], state);
  if (to.product_id !== state.product_id) return refuse('PLAN_OF_ANOTHER_PRODUCT');
  const { product_id, resumes_as, valid_from, valid_until, term_anchor, expires_at } = state;
  return [
    {
      type: 'plan.changed',
      product_id,
      plan_id: to.plan_id,
      previous_plan_id: state.plan_id,
      reason: null,
      status: resumes_as,
      trial: false,
      valid_from,
      valid_until,
      term_anchor,
      updates_until: updatesOnChange(state, to, now),
      expires_at,
    },
  ];
};

/** A canceled license is not renewed. */
const isOver = ({ resumes_as }: License): boolean => resumes_as === 'canceled';

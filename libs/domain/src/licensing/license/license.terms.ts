import type { PlanTerms } from '../plan/plan.ts';
import { addDays, addInterval, type Time } from '../../shared/time.ts';
import type { Plan } from './on-license.ts';
import { refuse } from './license.errors.ts';
import type { License, LicenseEvent, Term, UnheldStatus } from './license.ts';
import { usability } from './license.usability.ts';

/** Gives a licence its next term. What is undefined is as the plan says; null = for ever. */
export interface RenewLicense {
  readonly type: 'RenewLicense';
  readonly plan: Plan;
  readonly now: Time;
  readonly valid_until: Time | null | undefined;
  readonly updates_until?: Time | null | undefined;
}

/** Whether a licence of the plan begins with a trial. A plan that is a trial is never begun without one. */
export const beginsWithTrial = ({ license_type, trial_days }: PlanTerms, skip_trial: boolean): boolean => {
  if (license_type !== 'trial') return trial_days > 0 && !skip_trial;
  return skip_trial ? refuse('INVALID_TERM', { plan: 'is a trial' }) : true;
};

/** Where a term that begins at `from` ends by the plan; null = never. */
export const termEnd = (plan: PlanTerms, from: Time, trial: boolean): Time | null => {
  if (trial) return addDays(from, plan.trial_days);
  if (plan.license_type !== 'subscription' || plan.billing_interval === null) return null;
  return addInterval(from, plan.billing_interval);
};

/** Until when new releases are included in a licence, counted from `from`; null = for as long as it works. */
export const updatesEnd = ({ updates_days }: PlanTerms, from: Time): Time | null =>
  updates_days === null ? null : addDays(from, updates_days);

/** A licence may be issued with a term that is over (an import): it is then what time has made of it. */
export const statusByTime = ({ valid_until }: Term, plan: PlanTerms, now: Time, within: UnheldStatus): UnheldStatus => {
  if (valid_until === null || now < valid_until) return within;
  return now < addDays(valid_until, plan.grace_days) ? 'past_due' : 'expired';
};

/** The term of a licence that has waited for its first activation, or for what makes waiting needless, begins. */
export const startTerm = (state: License, plan: PlanTerms, now: Time, trial = state.trial): LicenseEvent => ({
  type: 'license.term_started',
  product_id: state.product_id,
  started_at: now,
  valid_until: termEnd(plan, now, trial),
  updates_until: state.updates_until ?? updatesEnd(plan, now),
});

/**
 * A trial becomes a full licence. The new term is counted from the end of the present one while the licence works, grace
 * included, or else from now; by a plan that says so always from now. A term that has not begun begins now: who pays for the
 * next one has had the first.
 */
export const renew = (
  { plan, now, valid_until, updates_until }: RenewLicense,
  state: License,
): readonly LicenseEvent[] => {
  if (state.status === 'revoked') return refuse('LICENSE_REVOKED');
  if (state.status === 'suspended') return refuse('LICENSE_SUSPENDED');
  if (state.status === 'canceled') return refuse('LICENSE_CANCELED');
  const until = valid_until === undefined ? termEnd(plan, renewalBasis(state, plan, now), false) : valid_until;
  if (until !== null && until < state.valid_from) return refuse('INVALID_TERM');
  const term = {
    valid_from: state.valid_from,
    valid_until: until,
    updates_until: updates_until === undefined ? renewedUpdates(state, plan, now) : updates_until,
  };
  const { product_id, plan_id } = state;
  return [
    ...(state.term_started_at === null ? [startTerm(state, plan, now, false)] : []),
    { type: 'license.renewed', product_id, plan_id, status: statusByTime(term, plan, now, 'active'), ...term },
  ];
};

const renewalBasis = (state: License, plan: PlanTerms, now: Time): Time => {
  const begin = nextBegin(state, now);
  if (plan.renewal_from === 'from_now' || state.valid_until === null) return begin;
  return usability(state, plan, now) === 'expired' ? begin : state.valid_until;
};

/** When a term that is given now begins: now, but never before the licence does. */
export const nextBegin = ({ valid_from }: License, now: Time): Time => (now < valid_from ? valid_from : now);

/** New releases that were missed are not paid for again: a window that has closed opens anew from now. */
const renewedUpdates = ({ updates_until }: License, plan: PlanTerms, now: Time): Time | null => {
  if (plan.updates_days === null) return updates_until;
  const goesOn = plan.renewal_from === 'from_expiry' && updates_until !== null && updates_until > now;
  return updatesEnd(plan, goesOn ? updates_until : now);
};

/** Another plan takes nothing away that was paid for, and gives what it includes from the day on which it is changed to. */
export const updatesOnChange = (state: License, plan: PlanTerms, now: Time): Time | null => {
  const included = updatesEnd(plan, now);
  if (included === null || state.updates_until === null) return included;
  return included < state.updates_until ? state.updates_until : included;
};

import { TERM_INTERVALS } from '../plan/billing-interval.ts';
import type { PlanTerms } from '../plan/plan.ts';
import { type Interval, periodBoundary, periodIndex } from '../../shared/calendar.ts';
import { addDays, type Time } from '../../shared/time.ts';
import type { Plan } from './on-license.ts';
import { refuse } from './license.errors.ts';
import type { License, LicenseEvent, Term, UnheldStatus } from './license.ts';
import { usability } from './license.usability.ts';

/** Gives a license its next term. undefined = as the plan says; null = no end. */
export interface RenewLicense {
  readonly type: 'RenewLicense';
  readonly plan: Plan;
  readonly now: Time;
  readonly valid_until: Time | null | undefined;
  readonly updates_until?: Time | null | undefined;
}

/** Whether a license of the plan begins with a trial. `skip_trial` is refused if the plan itself is a trial. */
export const beginsWithTrial = ({ license_type, trial_days }: PlanTerms, skip_trial: boolean): boolean => {
  if (license_type !== 'trial') return trial_days > 0 && !skip_trial;
  return skip_trial ? refuse('INVALID_TERM', { plan: 'is a trial' }) : true;
};

/** Where a term ends (null = never), and the anchor that this end and the ends of later terms are counted from. */
interface TermEnd {
  readonly valid_until: Time | null;
  readonly term_anchor: Time;
}

/** The end of a term that begins at `from`, which becomes the anchor. After a trial, the anchor is the end of the trial. */
export const termFrom = (plan: PlanTerms, from: Time, trial: boolean): TermEnd => {
  if (trial) {
    const end = addDays(from, plan.trial_days);
    return { valid_until: end, term_anchor: end };
  }
  const interval = intervalOf(plan);
  return { valid_until: interval === null ? null : periodBoundary(from, interval, 1), term_anchor: from };
};

/** The end of the term that follows one that ends at `end`. */
const termAfter = (plan: PlanTerms, anchor: Time, end: Time): TermEnd => {
  const term_anchor = anchorFor(plan, anchor, end);
  const interval = intervalOf(plan);
  if (interval === null) return { valid_until: null, term_anchor };
  const next = periodIndex(term_anchor, unitOf(interval), end) + interval.count;
  return { valid_until: periodBoundary(term_anchor, unitOf(interval), next), term_anchor };
};

/**
 * The anchor of the terms that follow one that ends at `end`. It stays if `end` is one of its boundaries, in days or months as
 * the plan counts. Any other end was given by hand: the next terms are counted from there.
 */
export const anchorFor = (plan: PlanTerms, anchor: Time, end: Time | null): Time => {
  const interval = intervalOf(plan);
  if (interval === null || end === null) return anchor;
  const unit = unitOf(interval);
  return periodBoundary(anchor, unit, periodIndex(anchor, unit, end)) === end ? anchor : end;
};

/** How long a paid term is; null = until something ends it. */
const intervalOf = ({ license_type, billing_interval }: PlanTerms): Interval | null =>
  license_type !== 'subscription' || billing_interval === null ? null : TERM_INTERVALS[billing_interval];

const unitOf = ({ unit }: Interval): Interval => ({ unit, count: 1 });

/** Until when new releases are included in a license, counted from `from`; null = for as long as it works. */
export const updatesEnd = ({ updates_days }: PlanTerms, from: Time): Time | null =>
  updates_days === null ? null : addDays(from, updates_days);

/** The status that time gives a license. An import may issue one whose term is over. @param within the status before its end */
export const statusByTime = (
  { valid_until }: Pick<Term, 'valid_until'>,
  plan: PlanTerms,
  now: Time,
  within: UnheldStatus,
): UnheldStatus => {
  if (valid_until === null || now < valid_until) return within;
  return now < addDays(valid_until, plan.grace_days) ? 'past_due' : 'expired';
};

/** Begins the term of a license that has waited for its first activation. */
export const startTerm = (state: License, plan: PlanTerms, now: Time, trial = state.trial): LicenseEvent => ({
  type: 'license.term_started',
  product_id: state.product_id,
  started_at: now,
  ...termFrom(plan, now, trial),
  updates_until: state.updates_until ?? updatesEnd(plan, now),
});

/**
 * Turns a trial into a full license. The new term follows the present one while the license works, grace included, or else
 * begins now; with a plan that renews `from_now` it always begins now. A term that still waits for the first activation begins
 * now: the payment for the next term uses up the first one.
 */
export const renew = (
  { plan, now, valid_until, updates_until }: RenewLicense,
  state: License,
): readonly LicenseEvent[] => {
  if (state.status === 'revoked') return refuse('LICENSE_REVOKED');
  if (state.status === 'suspended') return refuse('LICENSE_SUSPENDED');
  if (state.status === 'canceled') return refuse('LICENSE_CANCELED');
  const end = valid_until === undefined ? nextTerm(state, plan, now) : termUntil(state, plan, now, valid_until);
  if (end.valid_until !== null && end.valid_until < state.valid_from) return refuse('INVALID_TERM');
  const term = {
    valid_from: state.valid_from,
    ...end,
    updates_until: updates_until === undefined ? renewedUpdates(state, plan, now) : updates_until,
  };
  const { product_id, plan_id } = state;
  return [
    ...(state.term_started_at === null ? [startTerm(state, plan, now, false)] : []),
    { type: 'license.renewed', product_id, plan_id, status: statusByTime(term, plan, now, 'active'), ...term },
  ];
};

const nextTerm = (state: License, plan: PlanTerms, now: Time): TermEnd => {
  const { valid_until, term_anchor } = state;
  if (plan.renewal_from === 'from_now' || valid_until === null || usability(state, plan, now) === 'expired')
    return termFrom(plan, nextBegin(state, now), false);
  return termAfter(plan, term_anchor ?? valid_until, valid_until);
};

/** A term whose end was given in the command. */
const termUntil = (state: License, plan: PlanTerms, now: Time, valid_until: Time | null): TermEnd => ({
  valid_until,
  term_anchor: anchorFor(plan, state.term_anchor ?? now, valid_until),
});

/** When a term that is given now begins: now, but never before the license does. */
export const nextBegin = ({ valid_from }: License, now: Time): Time => (now < valid_from ? valid_from : now);

/** The end of updates after a renewal. A window that has closed opens again from now: the missed time is not charged. */
const renewedUpdates = ({ updates_until }: License, plan: PlanTerms, now: Time): Time | null => {
  if (plan.updates_days === null) return updates_until;
  const continues = plan.renewal_from === 'from_expiry' && updates_until !== null && updates_until > now;
  return updatesEnd(plan, continues ? updates_until : now);
};

/** A change of plan keeps the updates that were paid for, and adds those that the new plan includes from now. */
export const updatesOnChange = (state: License, plan: PlanTerms, now: Time): Time | null => {
  const included = updatesEnd(plan, now);
  if (included === null || state.updates_until === null) return included;
  return included < state.updates_until ? state.updates_until : included;
};

import type { PlanTerms } from '../plan/plan.ts';
import { addDays, type Time } from '../../shared/time.ts';
import { refuse } from './license.errors.ts';
import type { License } from './license.ts';

/** Whether a license may be used at a moment, and if not, why. No other code decides this. */
export type Usability = 'usable' | 'in_grace' | 'revoked' | 'suspended' | 'canceled' | 'expired' | 'not_yet_valid';

type Grace = Pick<PlanTerms, 'grace_days'>;

/**
 * The end of the grace period after the term; null when the license has no end. Billing ends the time past due of a license with
 * a subscription.
 */
export const graceEnd = (license: License, { grace_days }: Grace): Time | null => {
  const { status, resumes_as, valid_until, grace_until, subscription_id } = license;
  if (subscription_id !== null && resumes_as === 'past_due' && grace_until !== null) return grace_until;
  if (valid_until === null) return null;
  return status === 'canceled' || resumes_as === 'canceled' ? valid_until : addDays(valid_until, grace_days);
};

/**
 * Decides by time, whether or not the event that records the change has been written: a license past its grace is expired
 * even while its status is still `active`.
 */
export const usability = (license: License, plan: Grace, now: Time): Usability => {
  if (license.status === 'revoked') return 'revoked';
  if (license.status === 'suspended') return 'suspended';
  const end = graceEnd(license, plan);
  if (license.status === 'canceled' && (end === null || now >= end)) return 'canceled';
  if (license.status === 'expired' || (end !== null && now >= end)) return 'expired';
  if (now < license.valid_from) return 'not_yet_valid';
  return isInGrace(license, now) ? 'in_grace' : 'usable';
};

/** A license with a subscription is in its grace period if billing says so: a renewal that takes a moment is no reason. */
const isInGrace = ({ subscription_id, status, valid_until }: License, now: Time): boolean =>
  subscription_id === null ? valid_until !== null && now >= valid_until : status === 'past_due';

/** Every use of a license calls this first. @throws Refusal LICENSE_… with the reason why it may not be used */
export const assertUsable = (license: License, plan: Grace, now: Time): void => {
  switch (usability(license, plan, now)) {
    case 'revoked':
      return refuse('LICENSE_REVOKED');
    case 'suspended':
      return refuse('LICENSE_SUSPENDED');
    case 'canceled':
      return refuse('LICENSE_CANCELED');
    case 'expired':
      return refuse('LICENSE_EXPIRED');
    case 'not_yet_valid':
      return refuse('LICENSE_NOT_YET_VALID');
    case 'usable':
    case 'in_grace':
  }
};

import type { PlanTerms } from '../plan/plan.ts';
import { addDays, type Time } from '../shared/time.ts';
import type { License } from './license.ts';

/** Whether a licence may be used at a moment, and if not, why. The one place that says so. */
export type Usability = 'usable' | 'in_grace' | 'revoked' | 'suspended' | 'canceled' | 'expired' | 'not_yet_valid';

type Grace = Pick<PlanTerms, 'grace_days'>;

/** The end of the time for which a licence works after its term; null when it has no end. */
export const graceEnd = ({ status, resumes_as, valid_until }: License, { grace_days }: Grace): Time | null => {
  if (valid_until === null) return null;
  return status === 'canceled' || resumes_as === 'canceled' ? valid_until : addDays(valid_until, grace_days);
};

/**
 * Time decides as soon as it has come, whether or not the event that says so has been written: a licence past its grace is
 * expired even while its status is still `active`.
 */
export const usability = (license: License, plan: Grace, now: Time): Usability => {
  if (license.status === 'revoked') return 'revoked';
  if (license.status === 'suspended') return 'suspended';
  const { valid_until } = license;
  const end = graceEnd(license, plan);
  if (license.status === 'canceled' && (end === null || now >= end)) return 'canceled';
  if (license.status === 'expired' || (end !== null && now >= end)) return 'expired';
  if (now < license.valid_from) return 'not_yet_valid';
  return valid_until !== null && now >= valid_until ? 'in_grace' : 'usable';
};

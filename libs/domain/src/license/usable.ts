import type { PlanTerms } from '../plan/plan.ts';
import type { Time } from '../shared/time.ts';
import { refuse } from './license.errors.ts';
import type { License } from './license.ts';
import { usability } from './usability.ts';

/** Every use of a licence asks this first. @throws Refusal LICENSE_… with why it may not be used */
export const assertUsable = (license: License, plan: Pick<PlanTerms, 'grace_days'>, now: Time): void => {
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

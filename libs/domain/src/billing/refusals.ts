import { moneyRefusals } from '../shared/money.ts';
import type { Refusals } from '../shared/refusal.ts';

/** All refusals of the billing rules, by code. */
export const billingRefusals: Refusals<string> = {
  ...moneyRefusals,
};

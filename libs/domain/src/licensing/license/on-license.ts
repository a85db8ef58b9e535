import type { PlanTerms } from '../plan/plan.ts';
import type { ProductType } from '../product/product.ts';
import type { Time } from '../../shared/time.ts';
import type { License } from './license.ts';

/** The plan that a command uses, in its state when the command is sent. */
export type Plan = PlanTerms & { readonly plan_id: string };

/** A license with the data that decides on its use, read when a decision outside its own stream is made. */
export interface OnLicense {
  readonly license_id: string;
  readonly license: License;
  readonly plan: Plan;
  readonly product_type: ProductType;
  readonly now: Time;
}

import type { ProductType } from '../product/product.ts';
import type { Time } from '../shared/time.ts';
import type { Plan } from './license.commands.ts';
import type { License } from './license.ts';

/** A licence with what its use is judged by, as it all stands when a decision beside its own stream is made. */
export interface OnLicense {
  readonly license_id: string;
  readonly license: License;
  readonly plan: Plan;
  readonly product_type: ProductType;
  readonly now: Time;
}

import { moneyRefusals } from '../shared/money.ts';
import type { Refusals } from '../shared/refusal.ts';
import { couponRefusals } from './coupon/coupon.errors.ts';
import { customerRefusals } from './customer/customer.errors.ts';
import { documentRefusals } from './invoice/document.errors.ts';
import { invoiceRefusals } from './invoice/invoice.errors.ts';
import { organizationRefusals } from './organization/organization.errors.ts';
import { paymentRefusals } from './payment/payment.errors.ts';
import { priceRefusals } from './price/price.errors.ts';
import { subscriptionRefusals } from './subscription/subscription.errors.ts';
import { taxRefusals } from './tax/tax-rates.ts';

/** All refusals of the billing rules, by code. */
export const billingRefusals: Refusals<string> = {
  ...moneyRefusals,
  ...documentRefusals,
  ...invoiceRefusals,
  ...paymentRefusals,
  ...subscriptionRefusals,
  ...priceRefusals,
  ...customerRefusals,
  ...couponRefusals,
  ...organizationRefusals,
  ...taxRefusals,
};

import { couponContracts } from './coupon/coupon.contracts.ts';
import { customerContracts } from './customer/customer.contracts.ts';
import { invoiceContracts } from './invoice/invoice.contracts.ts';
import { paymentContracts } from './payment/payment.contracts.ts';
import { priceContracts } from './price/price.contracts.ts';
import { subscriptionContracts } from './subscription/subscription.contracts.ts';

/** The events that billing publishes. */
export const billingContracts = [
  ...subscriptionContracts,
  ...invoiceContracts,
  ...paymentContracts,
  ...priceContracts,
  ...customerContracts,
  ...couponContracts,
];

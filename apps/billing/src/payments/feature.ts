import { paymentStream } from '#domain/billing/payment/payment';
import type { Feature } from '#platform/feature';
import { paymentsProjection } from './payment.projection.ts';
import { paymentsTable } from './payment.table.ts';
import { Payments1790210000001 } from './payments.migration.ts';

/** Payments of invoices, and the providers that make them. */
export const paymentsFeature: Feature = {
  migrations: [Payments1790210000001],
  tables: [paymentsTable],
  streams: [paymentStream],
  projections: [paymentsProjection],
};

import { paymentStream } from '#domain/billing/payment/payment';
import type { Feature } from '#platform/feature';
import { AskProviders } from './ask-providers.ts';
import { CancelPayments } from './cancel-payments.ts';
import { CollectPayments } from './collect-payments.ts';
import { FinishRefunds } from './finish-refunds.ts';
import { PaymentController } from './payment.controller.ts';
import { PaymentList } from './payment.list.ts';
import { paymentsProjection } from './payment.projection.ts';
import { paymentsTable } from './payment.table.ts';
import { Payments1790210000001 } from './payments.migration.ts';
import { Payments } from './payments.ts';
import { Providers } from './providers.ts';
import { SettlePayments } from './settle-payments.ts';

/** Payments of invoices, and the providers that make them. */
export const paymentsFeature: Feature = {
  migrations: [Payments1790210000001],
  tables: [paymentsTable],
  streams: [paymentStream],
  projections: [paymentsProjection],
  controllers: [PaymentController],
  subscriptions: [CancelPayments, SettlePayments],
  providers: [Providers, Payments, PaymentList],
  work: [CollectPayments, AskProviders, FinishRefunds],
};

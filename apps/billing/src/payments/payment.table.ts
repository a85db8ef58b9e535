import type { PaymentStatus } from '#domain/billing/payment/payment';
import { bigint, integer, text, time } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** Payments as they are listed. Rules are decided from their streams. */
export const paymentsTable = defineTable(
  'payments',
  {
    id: text().key(),
    version: integer(),
    invoice_id: text(),
    product_id: text().orNull(),
    customer_id: text(),
    subscription_id: text().orNull(),
    attempt: integer(),
    provider: text(),
    provider_id: text().orNull(),
    currency: text(),
    amount: bigint(),
    amount_refunded: bigint(),
    status: text<PaymentStatus>(),
    error: text().orNull(),
    method: text().orNull(),
    reference: text().orNull(),
    created_at: time(),
    paid_at: time().orNull(),
    /** Real time when the provider is asked for its state, if it says nothing by itself; null = its state is final. */
    ask_at: time().orNull(),
  },
  {
    indices: [
      { name: 'payments_invoice_id', columns: ['invoice_id', 'id'] },
      { name: 'payments_customer_id', columns: ['customer_id', 'id'] },
      { name: 'payments_provider_id', columns: ['provider_id'], where: 'provider_id is not null' },
      { name: 'payments_ask_at', columns: ['ask_at'], where: 'ask_at is not null' },
    ],
  },
);
export type PaymentRow = RowOf<typeof paymentsTable>;

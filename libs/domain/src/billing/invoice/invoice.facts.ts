import type { Time } from '../../shared/time.ts';
import type { Finalized, InvoiceEvent, OfInvoice, PaidLine } from './invoice.events.ts';
import type { InvoiceLine } from './invoice.lines.ts';
import type { Invoice } from './invoice.ts';

/** What every event of an invoice says of it. */
export const ofInvoice = ({ document }: Pick<Invoice, 'document'>): OfInvoice => {
  const { number, product_id, customer_id, subscription_id, subscriber, reason, provider, currency, total } = document;
  return { number, product_id, customer_id, subscription_id, subscriber, reason, provider, currency, total };
};

/** A command that can make an invoice paid. */
export interface CanPay {
  /** The customer, sealed for licensing, which sends the licenses; left out if the invoice sells none: see `sellsLicenses`. */
  readonly recipient_sealed?: string | null;
}

/** Whether licensing issues licenses once the invoice is paid. Those of subscriptions follow the subscription's events. */
export const sellsLicenses = ({ subscription_id, lines }: Pick<Finalized, 'subscription_id' | 'lines'>): boolean =>
  subscription_id === null && lines.some(({ kind, license_id }) => kind === 'one_time' && license_id === null);

/** The event of an invoice on which nothing is due any more. */
export const paid = (document: Finalized, paid_at: Time, { recipient_sealed = null }: CanPay): InvoiceEvent => ({
  type: 'invoice.paid',
  ...ofInvoice({ document }),
  paid_at,
  lines: document.lines.map(paidLine),
  recipient_sealed,
});

const paidLine = ({
  line,
  kind,
  product_id,
  plan_id,
  price_id,
  license_id,
  quantity,
  amount,
}: InvoiceLine): PaidLine => ({
  line,
  kind,
  product_id,
  plan_id,
  price_id,
  license_id,
  quantity,
  amount,
});

/** The events of an invoice that is finalized. A total below zero is given to the customer's balance. */
export const opening = (document: Finalized): readonly InvoiceEvent[] => {
  const credit = -document.balance_applied;
  const finalized = { type: 'invoice.finalized', ...document } as const;
  return credit > 0
    ? [finalized, { type: 'invoice.credited', ...ofInvoice({ document }), amount: credit }]
    : [finalized];
};

/**
 * The event that ends an invoice unpaid: what it took from the customer's balance is given back. An invoice of Stripe took it from
 * the one that Stripe keeps.
 */
export const voided = (invoice: Invoice, void_reason: string | null, voided_at: Time): InvoiceEvent => ({
  type: 'invoice.voided',
  ...ofInvoice(invoice),
  void_reason,
  voided_at,
  balance_returned: invoice.document.biller === 'stripe' ? 0 : Math.max(0, invoice.document.balance_applied),
});

/** What was paid and has been neither refunded nor given to the customer's balance. */
export const amountKept = (invoice: Invoice): number =>
  invoice.amount_paid - invoice.amount_overpaid - invoice.amount_refunded - invoice.credited_to_balance;

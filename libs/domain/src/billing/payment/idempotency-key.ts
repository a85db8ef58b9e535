import type { InvoiceReason } from '../invoice/invoice.request.ts';

/** A payment, as far as its key depends on it. */
interface Keyed {
  readonly payment_id: string;
  readonly invoice_id: string;
  readonly subscription_id: string | null;
  /** 0, 1, … */
  readonly attempt: number;
}

/**
 * The key that makes a payment happen once at its provider: the id of the subscription for its first payment, the id of the invoice
 * for the first attempt of any other invoice, and the id of the payment for later attempts.
 * @param reason why the invoice was made
 */
export const idempotencyKeyOf = (
  { payment_id, invoice_id, subscription_id, attempt }: Keyed,
  reason: InvoiceReason,
): string => {
  if (attempt > 0) return payment_id;
  return reason === 'subscription_create' && subscription_id !== null ? subscription_id : invoice_id;
};

import { DAY_MS, type Time, toTime } from '../../shared/time.ts';
import type { InvoiceReason } from './invoice.request.ts';

/** Days after issue on which a payment is attempted. */
export const COLLECTION_DAYS = [0, 1, 3, 5, 7] as const;

/** Days after the due date until which a payment is awaited that its provider is still processing, such as a bank debit. */
export const PROCESSING_DAYS = 8;

const HOUR_MS = DAY_MS / 24;

/** Ways to pay in which the customer acts, so that there is nothing to collect. */
export const NOT_COLLECTED: readonly string[] = ['bank_transfer', 'manual', 'none', 'grant', 'stripe'];

/**
 * Whether payments are attempted by themselves. The first payment of a subscription is not: it is started while the customer
 * is there.
 */
export const isCollected = (provider: string, reason: InvoiceReason): boolean =>
  reason !== 'subscription_create' && !NOT_COLLECTED.includes(provider);

/**
 * When attempt `n` (0, 1, …) is due; null after the last. Attempts after the first are spread over an hour by the id of the
 * invoice, so that those of many invoices that were issued together do not come all at once.
 */
export const attemptAt = (invoice_id: string, issued_at: Time, n: number): Time | null => {
  const days = COLLECTION_DAYS[n];
  if (days === undefined) return null;
  return toTime(Date.parse(issued_at) + days * DAY_MS + (n === 0 ? 0 : spread(invoice_id)));
};

/** Milliseconds within an hour, the same for the same id: FNV-1a. */
const spread = (id: string): number => {
  let hash = 0x811c9dc5;
  for (const letter of id) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193) >>> 0;
  return hash % HOUR_MS;
};

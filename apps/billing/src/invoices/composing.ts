import { attemptAt, isCollected } from '#domain/billing/invoice/collection';
import type { Seller } from '#domain/billing/customer/party';
import { refuseInvoice } from '#domain/billing/invoice/invoice.errors';
import type { Finalized } from '#domain/billing/invoice/invoice.events';
import type { InvoiceTotals, TaxTreatment, WantedLine } from '#domain/billing/invoice/invoice.lines';
import type { InvoiceOrder } from '#domain/billing/invoice/invoice.request';
import type { NumberAssigned } from '#domain/billing/invoice/number';
import { computeTotals } from '#domain/billing/pricing/totals';
import { addDays } from '#domain/shared/time';
import type { PartiesOfInvoice } from './parties.ts';

/** What an order adds up to: previews, drafts and invoices call this one function. @throws Refusal AMOUNT_TOO_LARGE, TAX_RATE_MISSING */
export const totalsOf = (
  { currency, lines, discounts }: Pick<InvoiceOrder, 'currency' | 'lines' | 'discounts'>,
  parties: PartiesOfInvoice,
): InvoiceTotals => {
  if (lines.length === 0) return refuseInvoice('INVOICE_EMPTY');
  const rates = new Map<WantedLine, string>();
  const wanted = lines.map(({ tax_rate = null, ...line }): WantedLine => {
    if (tax_rate !== null) rates.set(line, tax_rate);
    return line;
  });
  return computeTotals({
    currency,
    lines: wanted,
    discounts,
    taxOf: (line) => {
      const rate = rates.get(line);
      return rate === undefined ? parties.taxOf(line) : entered(rate, parties.tax_name);
    },
  });
};

/** A rate that was entered for a line replaces the one that applies to the customer. */
const entered = (rate: string, name: string): TaxTreatment => ({
  rate,
  category: Number(rate) === 0 ? 'Z' : 'S',
  name,
});

/** The document as it is frozen. @param balance_applied taken from the customer's balance, or given to it if negative */
export const documentOf = (
  order: InvoiceOrder,
  seller: Seller,
  parties: PartiesOfInvoice,
  totals: InvoiceTotals,
  { number, year, issued_at }: NumberAssigned,
  balance_applied: number,
): Finalized => {
  const { customer_id, subscription_id, subscriber, product_id, currency, reason, provider, po_number, period } = order;
  const amount_due = totals.total - balance_applied;
  const collected = amount_due > 0 && isCollected(provider, reason);
  return {
    number,
    product_id,
    customer_id,
    subscription_id,
    subscriber,
    reason,
    provider,
    currency,
    ...totals,
    biller: 'keyledger',
    series_year: year,
    seller,
    buyer: parties.buyer,
    books_year: year + parties.retention_years,
    period_start: period?.start ?? null,
    period_end: period?.end ?? null,
    issued_at,
    due_at: order.due_at ?? addDays(issued_at, order.due_days ?? 0),
    po_number,
    notes: parties.notes,
    balance_applied,
    amount_due,
    next_attempt_at: collected ? attemptAt(number, issued_at, 0) : null,
  };
};

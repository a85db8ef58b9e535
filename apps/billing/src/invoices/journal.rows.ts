import type { CreditNoteIssued, Finalized } from '#domain/billing/invoice/invoice.events';
import type { InvoiceLine, InvoiceTax, InvoiceTotals } from '#domain/billing/invoice/invoice.lines';
import { Money } from '#domain/shared/money';

/** Columns of the journal, in order. */
export const JOURNAL_COLUMNS = [
  'issued_at',
  'document',
  'number',
  'corrects',
  'customer_id',
  'customer',
  'country',
  'tax_id',
  'account',
  'counter_account',
  'line',
  'description',
  'product_id',
  'quantity',
  'currency',
  'net',
  'tax_rate',
  'tax_category',
  'tax_amount',
  'gross',
  'period_start',
  'period_end',
] as const;

/** Columns with amounts in major units: a negative one is no formula. */
export const JOURNAL_AMOUNTS: readonly string[] = ['net', 'tax_amount', 'gross'];

/** The rows of an invoice: one for each line. */
export const invoiceRows = (document: Finalized): readonly object[] => {
  const { number, issued_at } = document;
  return rowsOf(document, document, { document: 'invoice', number, corrects: null, issued_at }, 1);
};

/** The rows of a credit note, as negative amounts. Its buyer is that of the invoice. */
export const creditNoteRows = (note: Omit<CreditNoteIssued, 'type'>, invoice: Finalized): readonly object[] => {
  const { number, issued_at, invoice_number: corrects } = note;
  return rowsOf(note, invoice, { document: 'credit_note', number, corrects, issued_at }, -1);
};

const rowsOf = (
  { lines, taxes }: InvoiceTotals,
  { buyer, customer_id, currency }: Finalized,
  head: object,
  sign: 1 | -1,
): readonly object[] => {
  const tax = taxOfLines(lines, taxes, currency);
  const amount = (money: Money): string => money.times(sign).format();
  return lines.map((line) => {
    const net = Money.of(line.net, currency);
    const part = tax.get(line) ?? Money.zero(currency);
    return {
      ...head,
      customer_id,
      customer: buyer?.company ?? buyer?.name ?? buyer?.email ?? null,
      country: buyer?.address.country ?? null,
      tax_id: buyer?.tax_ids[0]?.value ?? null,
      account: 'revenue',
      counter_account: 'receivables',
      line: line.line,
      description: line.description,
      product_id: line.product_id,
      quantity: line.quantity,
      currency,
      net: amount(net),
      tax_rate: line.tax_rate,
      tax_category: line.tax_category,
      tax_amount: amount(part),
      gross: amount(net.plus(part)),
      period_start: line.period?.start ?? null,
      period_end: line.period?.end ?? null,
    };
  });
};

/** The tax of each rate, spread over its lines so that it adds up to the tax of the document. */
const taxOfLines = (
  lines: readonly InvoiceLine[],
  taxes: readonly InvoiceTax[],
  currency: string,
): ReadonlyMap<InvoiceLine, Money> => {
  const parts = new Map<InvoiceLine, Money>();
  for (const { rate, category, taxable, amount } of taxes) {
    if (taxable === 0) continue;
    const group = lines.filter(({ tax_rate, tax_category }) => tax_rate === rate && tax_category === category);
    const negative = taxable < 0;
    Money.shareEach(
      group.map(({ net }) => Money.of(net, currency)),
      { numerator: BigInt(negative ? -amount : amount), denominator: BigInt(negative ? -taxable : taxable) },
    ).forEach((part, n) => {
      const line = group[n];
      if (line !== undefined) parts.set(line, part);
    });
  }
  return parts;
};

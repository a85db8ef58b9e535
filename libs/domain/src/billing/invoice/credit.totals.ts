import { Money } from '../../shared/money.ts';
import { computeTotals } from '../pricing/totals.ts';
import { refuseInvoice } from './invoice.errors.ts';
import type { Finalized } from './invoice.events.ts';
import type { InvoiceLine, InvoiceTotals, TaxTreatment, WantedLine } from './invoice.lines.ts';

/** What a credit note credits: an amount with tax, or lines of the invoice. */
export type Credited =
  | { readonly amount: number }
  | {
      readonly lines: readonly {
        /** Number of the line in the invoice. */
        readonly line: number;
        /** As the line counts: net or gross. Missing = the share of `quantity`, or all. */
        readonly amount?: number | undefined;
        readonly quantity?: number | undefined;
      }[];
    };

/**
 * The totals of a credit note, as positive amounts. An amount is spread over the tax rates of the invoice in proportion to what
 * each charged, and contains its tax, so that it is credited to the cent.
 * @throws Refusal INVALID_AMOUNT, CREDIT_EXCEEDS_INVOICE
 */
export const creditTotals = (document: Finalized, credited: Credited): InvoiceTotals => {
  if ('lines' in credited) return creditLines(document, credited.lines);
  const { amount } = credited;
  if (!Number.isSafeInteger(amount) || amount <= 0) return refuseInvoice('INVALID_AMOUNT');
  if (amount > document.total) return refuseInvoice('CREDIT_EXCEEDS_INVOICE', { creditable: document.total });
  if (amount === document.total) return allOf(document);
  const { taxes, currency, number } = document;
  const weights = taxes.map(({ taxable, amount: tax }) => Math.max(0, taxable + tax));
  const treatments = new Map<WantedLine, TaxTreatment>();
  Money.of(amount, currency)
    .allocate(weights)
    .forEach((part, n) => {
      const tax = taxes[n];
      if (tax === undefined || part.amount === 0) return;
      const line: WantedLine = {
        ...CREDIT_LINE,
        description: number,
        unit_amount: String(part.amount),
        amount: part.amount,
      };
      treatments.set(line, tax);
    });
  return totalsOf(currency, treatments);
};

const CREDIT_LINE = {
  kind: 'manual',
  product_id: null,
  plan_id: null,
  price_id: null,
  license_id: null,
  quantity: 1,
  period: null,
  tax_behavior: 'inclusive',
  discountable: false,
} as const;

const allOf = ({ lines, subtotal, discounts, taxes, total }: Finalized): InvoiceTotals => ({
  lines,
  subtotal,
  discounts,
  taxes,
  total,
});

type LineCredit = Extract<Credited, { lines: unknown }>['lines'][number];

const creditLines = ({ lines, currency }: Finalized, wanted: readonly LineCredit[]): InvoiceTotals => {
  const treatments = new Map<WantedLine, TaxTreatment>();
  const seen = new Set<number>();
  for (const credit of wanted) {
    const line = lines.find(({ line: n }) => n === credit.line);
    if (line === undefined || seen.has(credit.line))
      return refuseInvoice('CREDIT_EXCEEDS_INVOICE', { line: credit.line });
    seen.add(credit.line);
    treatments.set(creditOf(line, credit, currency), {
      rate: line.tax_rate,
      category: line.tax_category,
      name: line.tax_name,
    });
  }
  if (treatments.size === 0) return refuseInvoice('INVALID_AMOUNT');
  return totalsOf(currency, treatments);
};

const creditOf = (charged: InvoiceLine, credit: LineCredit, currency: string): WantedLine => {
  const {
    line: _line,
    discount,
    tax_rate: _rate,
    tax_category: _category,
    tax_name: _name,
    net: _net,
    ...line
  } = charged;
  const all = line.amount - discount;
  const quantity = credit.quantity ?? line.quantity;
  if (quantity > line.quantity) return refuseInvoice('CREDIT_EXCEEDS_INVOICE', { line: charged.line, creditable: all });
  const share = credit.quantity === undefined ? all : Money.of(all, currency).share(quantity, line.quantity).amount;
  const amount = credit.amount ?? share;
  if (!Number.isSafeInteger(amount) || amount <= 0) return refuseInvoice('INVALID_AMOUNT');
  if (amount > all) return refuseInvoice('CREDIT_EXCEEDS_INVOICE', { line: charged.line, creditable: all });
  return { ...line, quantity, unit_amount: null, amount, discountable: false };
};

const totalsOf = (currency: string, treatments: ReadonlyMap<WantedLine, TaxTreatment>): InvoiceTotals =>
  computeTotals({
    currency,
    lines: [...treatments.keys()],
    discounts: [],
    taxOf: (line) => treatments.get(line) ?? UNTAXED,
  });

const UNTAXED: TaxTreatment = { rate: '0', category: 'O', name: '' };

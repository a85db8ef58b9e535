import { Money } from '../../shared/money.ts';
import type { AppliedDiscount, InvoiceTotals, TaxTreatment, WantedLine } from '../invoice/invoice.lines.ts';
import { reduceLines } from './discounts.ts';
import { canonical, taxLines } from './taxes.ts';

export interface Wanted {
  /** ISO 4217 in lower case, or `sats`. */
  readonly currency: string;
  readonly lines: readonly WantedLine[];
  /** In the order in which they apply: each on what the earlier ones left. */
  readonly discounts: readonly AppliedDiscount[];
  readonly taxOf: (line: WantedLine) => TaxTreatment;
}

/**
 * What an invoice with these lines adds up to. Previews and charges both call it. The rules are in docs/decisions/money.md.
 *
 * What holds for each result: total = sum of nets + sum of taxes; the nets of a rate add up to its taxable amount; the discounts
 * add up to the lines' discounts; if all lines include tax, the total is the sum of their amounts − discounts.
 * @throws AMOUNT_TOO_LARGE if an amount or a sum is beyond 2^53 − 1 minor units
 */
export const computeTotals = ({ currency, lines, discounts, taxOf }: Wanted): InvoiceTotals => {
  const reduced = reduceLines(lines, discounts, currency);
  const taxed = taxLines(
    reduced.lines.map((line) => ({ ...line, treatment: canonical(taxOf(line.line)) })),
    currency,
  );
  const nets = Money.sum(
    taxed.lines.map(({ net }) => net),
    currency,
  );
  const taxes = Money.sum(
    taxed.taxes.map(({ amount }) => Money.of(amount, currency)),
    currency,
  );
  const subtotal = Money.sum(
    reduced.lines.map(({ amount }) => amount),
    currency,
  );
  return {
    lines: taxed.lines.map(({ line: { discountable: _, used: _used, ...line }, amount, left, treatment, net }, at) => ({
      ...line,
      line: at + 1,
      discount: amount.minus(left).amount,
      tax_rate: treatment.rate,
      tax_category: treatment.category,
      tax_name: treatment.name,
      net: net.amount,
    })),
    subtotal: subtotal.amount,
    discounts: discounts.map(({ coupon_id, name }, at) => ({
      coupon_id,
      name,
      amount: reduced.taken[at]?.amount ?? 0,
    })),
    taxes: taxed.taxes,
    total: nets.plus(taxes).amount,
  };
};

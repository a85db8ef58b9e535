import { Decimal, percentIncluded } from '../../shared/decimal.ts';
import { Money } from '../../shared/money.ts';
import type { InvoiceTax, TaxTreatment } from '../invoice/invoice.lines.ts';
import type { TaxBehavior } from '../price/price.terms.ts';

/** What taxes need to know of a line. */
export interface Taxable {
  readonly line: { readonly tax_behavior: TaxBehavior };
  /** What it charges after discounts: net or gross, as its tax behavior says. */
  readonly left: Money;
  readonly treatment: TaxTreatment;
}

/**
 * Tax of each rate and category, on the sum of its lines. Exclusive lines: the sum times the rate, rounded once. Inclusive lines:
 * the gross sum is the truth; the tax in it is gross − gross/(1 + rate), rounded once, and the nets of the lines add up to the
 * rest. A rate with both has the sum of both.
 * @returns the lines in their order, and the taxes with the highest rate first
 */
export const taxLines = <Line extends Taxable>(
  lines: readonly Line[],
  currency: string,
): { readonly lines: readonly (Line & { readonly net: Money })[]; readonly taxes: readonly InvoiceTax[] } => {
  const included = new Map<Line, Money>();
  const taxes = [...Map.groupBy(lines, keyOf).values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { rate } = first.treatment;
    const inclusive = group.filter(({ line }) => line.tax_behavior === 'inclusive');
    const parts = Money.shareEach(inclusive.map(leftOf), percentIncluded(rate));
    parts.forEach((part, at) => {
      const line = inclusive[at];
      if (line !== undefined) included.set(line, part);
    });
    const exclusive = group.filter(({ line }) => line.tax_behavior === 'exclusive');
    const contained = Money.sum(parts, currency);
    return {
      ...first.treatment,
      taxable: Money.sum(group.map(leftOf), currency).minus(contained).amount,
      amount: Money.sum(exclusive.map(leftOf), currency).percent(rate).plus(contained).amount,
    };
  });
  return {
    lines: lines.map((line) => ({ ...line, net: line.left.minus(included.get(line) ?? Money.zero(currency)) })),
    taxes: taxes.sort(highestFirst),
  };
};

/** The treatment with the shortest text of its rate, so that `19` and `19.0` are one rate. */
export const canonical = (treatment: TaxTreatment): TaxTreatment => ({
  ...treatment,
  rate: Decimal.of(treatment.rate).toString(),
});

const keyOf = ({ treatment }: Taxable): string => `${treatment.rate} ${treatment.category}`;

const leftOf = ({ left }: Taxable): Money => left;

const highestFirst = (a: InvoiceTax, b: InvoiceTax): number =>
  Decimal.of(b.rate).compare(Decimal.of(a.rate)) || (a.category < b.category ? -1 : 1);

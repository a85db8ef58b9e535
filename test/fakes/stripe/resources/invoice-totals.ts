import type { Customer, DiscountAmount, Invoice, InvoiceLine, Tax, TaxRate } from '../objects.ts';
import { minimumCharge } from '../units.ts';
import type { World } from '../world.ts';
import { applyDiscounts } from './discount.ts';
import { applyTaxes } from './tax.ts';

export interface TaxRules {
  readonly automatic: boolean;
  readonly rates: readonly TaxRate[];
}

export type Totals = Pick<
  Invoice,
  'subtotal' | 'total' | 'total_discount_amounts' | 'total_excluding_tax' | 'total_taxes'
>;

const sum = (amounts: readonly { readonly amount: number }[]): number =>
  amounts.reduce((all, { amount }) => all + amount, 0);

const grouped = <T extends { readonly amount: number }>(
  all: readonly T[],
  key: (one: T) => string,
): Map<string, T[]> => {
  const groups = new Map<string, T[]>();
  for (const one of all) groups.set(key(one), [...(groups.get(key(one)) ?? []), one]);
  return groups;
};

/** Writes discounts and taxes into the lines, and adds all up. A preview and the invoice itself use the same sums. */
export const totalsOf = (
  world: World,
  lines: readonly InvoiceLine[],
  customer: Customer,
  discounts: readonly string[],
  tax: TaxRules,
): Totals => {
  applyDiscounts(world, lines, discounts);
  applyTaxes(world, lines, customer, tax);
  const subtotal = sum(lines);
  const offs = grouped(
    lines.flatMap(({ discount_amounts }) => discount_amounts),
    ({ discount }) => discount,
  );
  const taxes = grouped(
    lines.flatMap((line) => line.taxes),
    ({ tax_rate_details }) => tax_rate_details.tax_rate,
  );
  const exclusive = sum(lines.flatMap((line) => line.taxes).filter(({ tax_behavior }) => tax_behavior === 'exclusive'));
  const all = sum(lines.flatMap((line) => line.taxes));
  const total = subtotal - sum(lines.flatMap(({ discount_amounts }) => discount_amounts)) + exclusive;
  return {
    subtotal,
    total,
    total_excluding_tax: total - all,
    total_discount_amounts: [...offs].map(([discount, of]): DiscountAmount => ({ amount: sum(of), discount })),
    total_taxes: [...taxes.values()].flatMap(([first, ...more]): Tax[] => {
      if (first === undefined) return [];
      const taxable_amount = [first, ...more].reduce((part, one) => part + one.taxable_amount, 0);
      return [{ ...first, amount: sum([first, ...more]), taxable_amount }];
    }),
  };
};

/**
 * What is left to pay after the customer's balance, and the balance after that. A total below zero becomes credit; what is below
 * the least charge is owed on the next invoice.
 */
export const afterBalance = (total: number, balance: number, currency: string): { due: number; balance: number } => {
  const due = total + balance;
  if (due <= 0) return { due: 0, balance: due };
  return due < minimumCharge(currency) ? { due: 0, balance: due } : { due, balance: 0 };
};

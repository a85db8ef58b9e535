import { Money } from '../../shared/money.ts';
import type { Period, WantedLine } from '../invoice/invoice.lines.ts';
import type { PriceTerms } from '../price/price.terms.ts';

/** A price with its id. */
export interface SoldPrice extends PriceTerms {
  readonly id: string;
}

/** What a price says of each of its lines. */
type OfPrice = 'product_id' | 'plan_id' | 'price_id' | 'tax_behavior';
type Defaults = Pick<WantedLine, 'license_id' | 'discountable'>;

/** A line of a price. */
export const lineOf = (
  { id, product_id, plan_id, tax_behavior }: SoldPrice,
  line: Omit<WantedLine, OfPrice | keyof Defaults> & Partial<Defaults>,
): WantedLine => ({ product_id, plan_id, price_id: id, license_id: null, tax_behavior, discountable: true, ...line });

/** What a full period of a flat price costs, before discounts; 0 for a metered price, which is charged by usage alone. */
export const periodAmount = (
  { amount, currency, usage }: Pick<PriceTerms, 'amount' | 'currency' | 'usage'>,
  quantity: number,
): number => (usage === null ? Money.of(amount, currency).times(quantity).amount : 0);

/**
 * A period of a flat price, paid in advance. A free price has a line of 0.
 * @param period null = it is not known yet
 * @returns null for a metered price
 */
export const recurringLine = (
  price: SoldPrice,
  quantity: number,
  period: Period | null,
  name: string,
): WantedLine | null => (price.usage === null ? flatLine('recurring', price, quantity, period, name) : null);

/** The setup amount, once, whatever the quantity; null if the price has none. */
export const setupLine = (price: SoldPrice, name: string): WantedLine | null =>
  price.setup_amount === 0
    ? null
    : lineOf(price, {
        kind: 'setup',
        description: name,
        quantity: 1,
        unit_amount: String(price.setup_amount),
        amount: price.setup_amount,
        period: null,
      });

/** A price that is paid once. `license_id`: the license that it renews or upgrades; null = a new one for each unit. */
export const oneTimeLine = (
  price: SoldPrice,
  quantity: number,
  name: string,
  license_id: string | null = null,
): WantedLine => ({ ...flatLine('one_time', price, quantity, null, name), license_id });

const flatLine = (
  kind: 'recurring' | 'one_time',
  price: SoldPrice,
  quantity: number,
  period: Period | null,
  description: string,
): WantedLine =>
  lineOf(price, {
    kind,
    description,
    quantity,
    unit_amount: String(price.amount),
    amount: Money.of(price.amount, price.currency).times(quantity).amount,
    period,
  });

import type { InvoiceLine, Period, Price, Subscription, SubscriptionItem } from '../objects.ts';
import { portion } from '../units.ts';
import type { Debit, World } from '../world.ts';
import { usageOf } from './meter-usage.ts';
import { amountOf } from './price-amount.ts';

export interface NewLine {
  readonly amount: number;
  readonly currency: string;
  readonly description: string;
  readonly price?: Price;
  readonly quantity?: number;
  readonly period: Period;
  readonly item?: SubscriptionItem;
  readonly subscription?: string | null;
  readonly invoice_item?: string;
  readonly proration?: boolean;
  /** Credits are of amounts after discount, so no discount reaches them again. */
  readonly discountable?: boolean;
}

export const newLine = (world: World, given: NewLine): InvoiceLine => {
  const proration = given.proration ?? false;
  const subscription = given.subscription ?? given.item?.subscription ?? null;
  const { price } = given;
  return {
    ...{ pretax_credit_amounts: [], quantity_decimal: given.quantity === undefined ? null : String(given.quantity) },
    id: world.id('il'),
    object: 'line_item',
    amount: given.amount,
    currency: given.currency,
    description: given.description,
    discount_amounts: [],
    discountable: given.discountable ?? true,
    discounts: [],
    invoice: null,
    livemode: world.settings.livemode,
    metadata: {},
    parent:
      given.item === undefined
        ? {
            type: 'invoice_item_details',
            subscription_item_details: null,
            invoice_item_details: {
              invoice_item: given.invoice_item ?? world.id('ii'),
              proration,
              proration_details: null,
              subscription,
            },
          }
        : {
            type: 'subscription_item_details',
            invoice_item_details: null,
            subscription_item_details: {
              invoice_item: proration ? world.id('ii') : null,
              proration,
              proration_details: proration ? { credited_items: null } : null,
              subscription,
              subscription_item: given.item.id,
            },
          },
    period: given.period,
    pricing:
      price === undefined
        ? null
        : {
            type: 'price_details',
            price_details: { price: price.id, product: price.product },
            unit_amount_decimal: price.unit_amount_decimal,
          },
    quantity: given.quantity ?? null,
    subscription,
    subtotal: given.amount,
    taxes: [],
  };
};

const nameOf = (world: World, price: Price): string => world.products.get(price.product)?.name ?? price.product;

export const isMetered = (item: SubscriptionItem): boolean => item.price.recurring?.usage_type === 'metered';

/** The line of a licensed item for a whole period. */
export const licensedLine = (world: World, item: SubscriptionItem, period: Period): InvoiceLine => {
  const quantity = item.quantity ?? 1;
  return newLine(world, {
    amount: amountOf(world, item.price, quantity),
    currency: item.price.currency,
    description: `${quantity} × ${nameOf(world, item.price)}`,
    price: item.price,
    quantity,
    period,
    item,
  });
};

export const trialLine = (world: World, item: SubscriptionItem, period: Period): InvoiceLine =>
  newLine(world, {
    amount: 0,
    currency: item.price.currency,
    description: `Trial period for ${nameOf(world, item.price)}`,
    price: item.price,
    quantity: item.quantity ?? 1,
    period,
    item,
  });

/** The line of a metered item for the usage of a past period. */
export const usageLine = (world: World, item: SubscriptionItem, customer: string, period: Period): InvoiceLine => {
  const meter = world.meters.get(item.price.recurring?.meter ?? '');
  const usage = meter === undefined ? 0 : usageOf(world, meter, customer, period);
  return newLine(world, {
    amount: amountOf(world, item.price, usage),
    currency: item.price.currency,
    description: `${usage} × ${nameOf(world, item.price)}`,
    price: item.price,
    quantity: Math.round(usage),
    period,
    item,
  });
};

/** Credits for what was debited for an item and is unused from a time on: one line for each debit. */
export const creditLines = (world: World, item: SubscriptionItem, from: number): InvoiceLine[] =>
  debitsOf(world, item.id)
    .filter(({ period, amount }) => period.end > from && amount !== 0)
    .map(({ amount, period, price, quantity }) =>
      newLine(world, {
        amount: -portion(amount, period.end - Math.max(from, period.start), period.end - period.start),
        currency: price.currency,
        description: `Unused time on ${nameOf(world, price)} after ${new Date(from * 1000).toISOString().slice(0, 10)}`,
        price,
        quantity,
        period: { start: Math.max(from, period.start), end: period.end },
        item,
        proration: true,
        discountable: false,
      }),
    );

/** The charge for an item from a time to the end of its period. */
export const remainingLine = (world: World, item: SubscriptionItem, from: number, whole: Period): InvoiceLine => {
  const quantity = item.quantity ?? 1;
  return newLine(world, {
    amount: portion(amountOf(world, item.price, quantity), whole.end - from, whole.end - whole.start),
    currency: item.price.currency,
    description: `Remaining time on ${quantity} × ${nameOf(world, item.price)} after ${new Date(from * 1000).toISOString().slice(0, 10)}`,
    price: item.price,
    quantity,
    period: { start: from, end: whole.end },
    item,
    proration: true,
  });
};

export const debitsOf = (world: World, item: string): readonly Debit[] => world.debits.get(item) ?? [];

/** Remembers what the lines of an invoice really took for each item: after discounts, without tax. */
export const recordDebits = (world: World, subscription: Subscription, lines: readonly InvoiceLine[]): void => {
  for (const line of lines) {
    const details = line.parent.subscription_item_details;
    const item = subscription.items.data.find(({ id }) => id === details?.subscription_item);
    if (item === undefined || isMetered(item) || line.amount < 0 || line.pricing === null) continue;
    const price = world.prices.get(line.pricing.price_details.price);
    if (price === undefined) continue;
    const amount = line.subtotal - line.discount_amounts.reduce((sum, off) => sum + off.amount, 0);
    const kept = debitsOf(world, item.id).filter(
      (debit) => debit.line !== line.id && debit.period.end > line.period.start,
    );
    const debit = { line: line.id, amount, period: line.period, price, quantity: line.quantity ?? 1 };
    world.debits.set(item.id, [...kept, debit]);
  }
};

import { invalid, missing } from '../errors.ts';
import type { Period, Price, Recurring, Subscription, SubscriptionItem } from '../objects.ts';
import { mergedMetadata, type Params } from '../params.ts';
import type { World } from '../world.ts';
import { periodAt } from './periods.ts';
import { priceOf } from './price.ts';

/** A price that can be subscribed to. */
export const recurringPrice = (world: World, id: string, param: string): Price & { readonly recurring: Recurring } => {
  const price = priceOf(world, id, param);
  if (!price.active)
    throw invalid(`The price specified is inactive. This field only accepts active prices.`, { param });
  const { recurring } = price;
  if (recurring === null)
    throw invalid(
      'The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.',
      { param },
    );
  return { ...price, recurring };
};

const recurringOf = (price: Price): Recurring => {
  if (price.recurring === null) throw new Error(`${price.id} is not recurring`);
  return price.recurring;
};

/** The period of an item around a time, counted from the anchor of its subscription. */
export const periodOf = (item: { readonly price: Price }, anchor: number, time: number): Period => {
  const { interval, interval_count } = recurringOf(item.price);
  return periodAt(anchor, interval, interval_count, time);
};

export const quantityOf = (price: Price, params: Params, former?: number): { quantity?: number } => {
  const quantity = params.integer('quantity');
  if (recurringOf(price).usage_type === 'metered') {
    if (quantity !== undefined)
      throw invalid('Quantity should not be specified where usage_type is `metered`.', {
        param: params.at('quantity'),
      });
    return {};
  }
  if (quantity !== undefined && quantity < 0)
    throw invalid('Invalid non-negative integer', { param: params.at('quantity') });
  return { quantity: quantity ?? former ?? 1 };
};

/** A new item of a subscription; its period is set when the subscription's is known. */
export const newItem = (world: World, subscription: string, params: Params, period: Period): SubscriptionItem => {
  const price = recurringPrice(world, params.needText('price'), params.at('price'));
  return {
    ...{ billing_thresholds: null, tax_rates: [] },
    id: world.id('si'),
    object: 'subscription_item',
    created: world.now(),
    billed_until: period.start,
    current_period_start: period.start,
    current_period_end: period.end,
    discounts: [],
    metadata: mergedMetadata({}, params),
    price: priceOf(world, price.id),
    ...quantityOf(price, params),
    subscription,
  };
};

/** All prices of a subscription have one currency and one interval. */
export const checkItems = (items: readonly SubscriptionItem[], customerCurrency: string | null): string => {
  const [first] = items;
  if (first === undefined)
    throw invalid('A subscription must have at least one item.', { code: 'parameter_missing', param: 'items' });
  const { interval, interval_count } = recurringOf(first.price);
  for (const { price } of items) {
    const own = recurringOf(price);
    if (price.currency !== first.price.currency)
      throw invalid('All prices on a subscription must have the same currency.', { param: 'items' });
    if (own.interval !== interval || own.interval_count !== interval_count)
      throw invalid('All prices on a subscription must have the same recurring interval.', { param: 'items' });
  }
  if (customerCurrency !== null && customerCurrency !== first.price.currency)
    throw invalid(
      `You cannot combine currencies on a single customer. This customer has had a subscription, coupon, or invoice item with currency ${customerCurrency}`,
    );
  return first.price.currency;
};

export const itemOf = (subscription: Subscription, id: string, param: string): SubscriptionItem => {
  const item = subscription.items.data.find((one) => one.id === id);
  if (item === undefined) throw missing('subscription item', id, param);
  return item;
};

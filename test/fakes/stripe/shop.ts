import type Stripe from 'stripe';

/** A product with a monthly price, and a customer, as most tests want them. */
export const openShop = async (stripe: Stripe, price: Partial<Stripe.PriceCreateParams> = {}) => {
  const product = await stripe.products.create({ name: 'Editor' });
  const monthly = await stripe.prices.create({
    product: product.id,
    currency: 'eur',
    unit_amount: 1000,
    recurring: { interval: 'month' },
    lookup_key: 'editor_monthly',
    ...price,
  });
  const customer = await stripe.customers.create({ email: 'ada@example.com', name: 'Ada' });
  return { product, monthly, customer };
};

/** The first item of a subscription. */
export const itemOf = (subscription: Stripe.Subscription): Stripe.SubscriptionItem => {
  const [item] = subscription.items.data;
  if (item === undefined) throw new Error(`${subscription.id} has no items`);
  return item;
};

/** The id of something that may be expanded. */
export const idOf = (value: string | { readonly id: string } | null | undefined): string => {
  if (typeof value === 'string') return value;
  if (value == null) throw new Error('nothing there');
  return value.id;
};

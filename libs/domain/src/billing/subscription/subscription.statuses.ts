/** Nothing leaves `canceled` and `expired`. */
export const SUBSCRIPTION_STATUSES = [
  'pending_payment',
  'trialing',
  'active',
  'past_due',
  'paused',
  'canceled',
  'expired',
] as const;
export type SubscriptionStatus = (typeof SUBSCRIPTION_STATUSES)[number];

/** A subscriber has at most one of these for each product. */
export const LIVE_STATUSES = [
  'trialing',
  'active',
  'past_due',
  'paused',
] as const satisfies readonly SubscriptionStatus[];

/** While a subscription has one of these, its subscriber cannot get another one of the product. */
export const BLOCKING_STATUSES: readonly SubscriptionStatus[] = ['pending_payment', ...LIVE_STATUSES];

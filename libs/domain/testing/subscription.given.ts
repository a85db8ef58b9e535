import type { Offer, OfferedPlan } from '../src/billing/subscription/offer.ts';
import type { PriceTerms } from '../src/billing/price/price.terms.ts';
import { decideSubscription, type SubscriptionCommand } from '../src/billing/subscription/subscription.commands.ts';
import type { ChangeItem } from '../src/billing/subscription/subscription.changes.ts';
import type { Subscribe } from '../src/billing/subscription/subscription.start.ts';
import type { SubscriptionEvent, SubscriptionTerms } from '../src/billing/subscription/subscription.events.ts';
import { type Subscription, subscriptionStream } from '../src/billing/subscription/subscription.ts';
import type { LetTimePass } from '../src/billing/subscription/subscription.time.ts';

/** When the subscriptions of specifications begin. */
export const JAN_31 = '2027-01-31T09:00:00.000Z';

/** A monthly price of 10.00 USD of the plan Pro, with the fields of `price` and `plan` replaced. */
export const offerOf = (
  price: Partial<PriceTerms> = {},
  plan: Partial<OfferedPlan> = {},
  over: Partial<Pick<Offer, 'price_id' | 'active'>> = {},
): Offer => ({
  price_id: 'price_1',
  active: true,
  ...over,
  price: {
    product_id: 'prod_1',
    plan_id: plan.plan_id ?? 'plan_1',
    amount: 1_000,
    currency: 'usd',
    interval: 'month',
    interval_count: 1,
    tax_behavior: 'exclusive',
    trial_days: 0,
    usage: null,
    setup_amount: 0,
    ...price,
  },
  plan: {
    plan_id: 'plan_1',
    product_id: 'prod_1',
    name: 'Pro',
    active: true,
    grace_days: 7,
    activate_on: 'payment',
    max_seats: 1,
    max_activations: 3,
    ...plan,
  },
});

export const subscriptionTermsOf = (over: Partial<SubscriptionTerms> = {}): SubscriptionTerms => ({
  product_id: 'prod_1',
  plan_id: 'plan_1',
  price_id: 'price_1',
  quantity: 1,
  subscriber: 'acme/ada',
  customer_id: 'cus_1',
  license_id: 'lic_1',
  biller: 'keyledger',
  provider: 'hyperswitch',
  provider_id: null,
  po_number: null,
  metadata: {},
  ...over,
});

export const subscribeTo = (
  offer: Offer,
  over: Partial<Omit<Subscribe, 'terms'>> & { readonly terms?: Partial<SubscriptionTerms> } = {},
): Subscribe => ({
  type: 'Subscribe',
  now: JAN_31,
  offer,
  sole: true,
  trial_days: 0,
  discount: null,
  invoice_id: 'inv_first',
  due_days: null,
  pending_until: '2027-02-01T09:00:00.000Z',
  recipient_sealed: null,
  ...over,
  terms: subscriptionTermsOf({
    product_id: offer.price.product_id,
    plan_id: offer.price.plan_id,
    price_id: offer.price_id,
    ...over.terms,
  }),
});

/** A subscription that has used nothing when it ends. */
export const NO_USAGE = {
  offer: null,
  usage: [],
  usage_open_until: null,
  invoice_id: 'inv_none',
  due_days: null,
} as const;

export const timePasses = (now: string, offer: Offer | null, over: Partial<LetTimePass> = {}): LetTimePass => ({
  type: 'LetTimePass',
  now,
  offer,
  next: null,
  usage: [],
  usage_open_until: null,
  invoice_id: `inv_${now.slice(0, 10)}`,
  due_days: null,
  dunning: DUNNING,
  ...over,
});

const DUNNING = { reminder_days: [1, 3, 7, 14], unpaid_days: 30 };

export const paidOn = (now: string, invoice_id: string, paid = true): SubscriptionCommand => ({
  type: 'InvoiceSettled',
  now,
  invoice_id,
  paid,
  recipient_sealed: null,
});

export const missedOn = (at: string, invoice_id: string, final = false): SubscriptionCommand => ({
  type: 'InvoiceMissed',
  at,
  invoice_id,
  final,
  grace_days: 7,
  ...DUNNING,
});

export const changeTo = (
  now: string,
  from: Offer,
  to: Offer,
  over: Partial<ChangeItem> = {},
): Extract<SubscriptionCommand, { type: 'ChangeItem' }> => ({
  type: 'ChangeItem',
  now,
  when: 'now',
  from,
  to,
  quantity: 1,
  in_use: { seats: 0, activations: 0 },
  invoice_id: `inv_change_${now.slice(0, 19)}`,
  due_days: null,
  ...over,
});

/** The events that commands make, one after the other, beginning with no subscription. */
export const after = (...commands: readonly SubscriptionCommand[]): SubscriptionEvent[] => {
  const events: SubscriptionEvent[] = [];
  for (const command of commands) events.push(...decideSubscription(command, fold(events)));
  return events;
};

export const fold = (events: readonly SubscriptionEvent[]) =>
  events.reduce(subscriptionStream.evolve, subscriptionStream.initialState);

/** @throws if the events make no subscription */
export const stateOf = (events: readonly SubscriptionEvent[]): Subscription => {
  const state = fold(events);
  if (state.status === 'none') throw new Error('there is no subscription');
  return state;
};

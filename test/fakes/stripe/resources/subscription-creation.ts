import { declined, invalid, missing } from '../errors.ts';
import type { Metadata, Subscription, SubscriptionItem, TaxRate } from '../objects.ts';
import { mergedMetadata, type Params } from '../params.ts';
import { nulls, type World } from '../world.ts';
import { customerOf } from './customer.ts';
import { closeInvoice, finalizeInvoice } from './invoice.ts';
import { chargeInvoice } from './invoice-collection.ts';
import { isMetered, licensedLine, newLine, trialLine } from './invoice-line.ts';
import { createSetupIntent } from './setup-intent.ts';
import { scheduleCycle, subscriptionInvoice } from './subscription-cycle.ts';
import { checkItems, newItem, periodOf } from './subscription-item.ts';
import { expireIncomplete, timerOf } from './subscription-status.ts';
import { taxRateOf } from './tax.ts';
import { readDiscounts } from './discount.ts';
import { priceOf } from './price.ts';

const HOURS_23 = 23 * 3600;
const DAY = 86_400;

/** Reads the fields that a subscription has from its creation and from later changes alike. */
export const readTaxRates = (world: World, params: Params): TaxRate[] | undefined =>
  params.texts('default_tax_rates')?.map((id) => taxRateOf(world, id, 'default_tax_rates'));

export const readTrialSettings = (params: Params): Subscription['trial_settings'] | undefined => {
  const behavior = params.hash('trial_settings')?.hash('end_behavior');
  const missing_payment_method = behavior?.needChoice('missing_payment_method', ['cancel', 'create_invoice', 'pause']);
  return missing_payment_method && { end_behavior: { billing_cycle_anchor: null, missing_payment_method } };
};

export const checkMethod = (world: World, id: string, customer: string, param: string): string => {
  if (world.paymentMethods.get(id)?.customer !== customer) throw missing('PaymentMethod', id, param);
  return id;
};

const trialEndOf = (world: World, params: Params): number | null => {
  const days = params.integer('trial_period_days');
  if (days !== undefined) return world.now() + days * DAY;
  const end = params.text('trial_end');
  if (end === undefined || end === 'now') return null;
  const time = Number(params.integer('trial_end'));
  if (time <= world.now()) throw invalid('The trial end must be in the future.', { param: 'trial_end' });
  return time;
};

/** Whether and how the first payment is attempted. */
export type FirstPayment = 'allow_incomplete' | 'default_incomplete' | 'error_if_incomplete' | 'checkout';

/**
 * @param params of `POST /v1/subscriptions`, or what a checkout session gives its subscription
 * @param method payment method of a checkout, which has been tried already
 */
export const createSubscription = (
  world: World,
  params: Params,
  customerId: string,
  more: { readonly behavior: FirstPayment; readonly metadata?: Metadata; readonly discounts?: readonly string[] },
): Subscription => {
  const customer = customerOf(world, customerId, 'customer');
  const now = world.now();
  const made = world.made('subscription', 'sub');
  const trial_end = trialEndOf(world, params);
  const anchor = trial_end ?? now;
  const items = (params.list('items') ?? []).map((entry) => {
    const item = newItem(world, made.id, entry, { start: now, end: now });
    const end = trial_end ?? periodOf(item, anchor, now).end;
    return { ...item, current_period_end: end, billed_until: isMetered(item) ? now : end };
  });
  const currency = checkItems(items, customer.currency);
  const method = params.text('default_payment_method');
  const days_until_due = params.integer('days_until_due') ?? null;
  const collection_method =
    params.choice('collection_method', ['charge_automatically', 'send_invoice']) ?? 'charge_automatically';
  if (collection_method === 'send_invoice' && days_until_due === null)
    throw invalid('You must specify days_until_due for send_invoice.', { param: 'days_until_due' });
  const automatic = params.hash('automatic_tax')?.flag('enabled') ?? false;
  const mode = params.hash('billing_mode');
  const type = mode?.choice('type', ['classic', 'flexible']) ?? 'flexible';
  const proration_discounts =
    mode?.hash('flexible')?.choice('proration_discounts', ['included', 'itemized']) ?? 'included';
  const payment = params.hash('payment_settings');
  const save_default_payment_method =
    payment?.choice('save_default_payment_method', ['off', 'on_subscription']) ?? null;
  params.ignore('off_session', 'currency', 'proration_behavior');
  const subscription: Subscription = {
    ...nulls('application application_fee_percent billing_cycle_anchor_config billing_thresholds customer_account'),
    ...nulls('default_source managed_payments next_pending_invoice_item_invoice on_behalf_of'),
    ...nulls('pending_invoice_item_interval test_clock transfer_data'),
    ...{ billing_schedules: [], invoice_settings: { account_tax_ids: null, issuer: { type: 'self' } } },
    ...made,
    automatic_tax: { enabled: automatic, disabled_reason: null, liability: automatic ? { type: 'self' } : null },
    billing_cycle_anchor: anchor,
    billing_mode: { type, flexible: type === 'flexible' ? { proration_discounts } : null },
    cancel_at: params.integer('cancel_at') ?? null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: { comment: null, feedback: null, reason: null },
    collection_method,
    currency,
    customer: customer.id,
    days_until_due,
    default_payment_method:
      method === undefined ? null : checkMethod(world, method, customer.id, 'default_payment_method'),
    default_tax_rates: readTaxRates(world, params) ?? [],
    description: params.text('description') ?? null,
    discounts: [],
    ended_at: null,
    items: { object: 'list', data: items, has_more: false, url: `/v1/subscription_items?subscription=${made.id}` },
    latest_invoice: null,
    metadata: mergedMetadata(more.metadata ?? {}, params),
    pause_collection: null,
    payment_settings: Object.assign(nulls('payment_method_options payment_method_types'), {
      save_default_payment_method,
    }),
    pending_setup_intent: null,
    pending_update: null,
    schedule: null,
    start_date: now,
    status: trial_end === null ? 'active' : 'trialing',
    trial_end,
    trial_settings: readTrialSettings(params) ?? {
      end_behavior: { billing_cycle_anchor: null, missing_payment_method: 'create_invoice' },
    },
    trial_start: trial_end === null ? null : now,
  };
  subscription.discounts = [
    ...(more.discounts ?? readDiscounts(world, params, { subscription: made.id, customer: customer.id }) ?? []),
  ];
  world.subscriptions.add(subscription);
  for (const { id } of items) world.subscriptionItems.set(id, subscription.id);
  cancelAtPeriodEnd(subscription, params.flag('cancel_at_period_end'), now);
  bill(world, subscription, addedLines(world, params), more.behavior);
  return subscription;
};

/** Sets or clears `cancel_at_period_end`, and `cancel_at` with it. */
export const cancelAtPeriodEnd = (subscription: Subscription, wanted: boolean | undefined, now: number): void => {
  if (wanted === undefined || wanted === subscription.cancel_at_period_end) return;
  subscription.cancel_at_period_end = wanted;
  const end = Math.min(...subscription.items.data.map(({ current_period_end }) => current_period_end));
  subscription.cancel_at = wanted ? end : null;
  subscription.canceled_at = wanted ? now : null;
  subscription.cancellation_details = {
    ...subscription.cancellation_details,
    reason: wanted ? 'cancellation_requested' : null,
  };
};

/** `add_invoice_items`: prices that are charged once. */
export const addedLines = (world: World, params: Params) =>
  (params.list('add_invoice_items') ?? []).map((entry) => {
    const price = priceOf(world, entry.needText('price'), entry.at('price'));
    const quantity = entry.integer('quantity') ?? 1;
    const now = world.now();
    return newLine(world, {
      amount: (price.unit_amount ?? 0) * quantity,
      currency: price.currency,
      description: world.products.get(price.product)?.name ?? price.product,
      price,
      quantity,
      period: { start: now, end: now },
    });
  });

const firstLines = (world: World, subscription: Subscription) => {
  const { trial_end } = subscription;
  const licensed = subscription.items.data.filter((item: SubscriptionItem) => !isMetered(item));
  return licensed.map((item) => {
    const period = { start: item.current_period_start, end: item.current_period_end };
    return trial_end === null ? licensedLine(world, item, period) : trialLine(world, item, period);
  });
};

const bill = (
  world: World,
  subscription: Subscription,
  added: ReturnType<typeof addedLines>,
  behavior: FirstPayment,
): void => {
  const lines = [...firstLines(world, subscription), ...added];
  const customer = world.customers.get(subscription.customer);
  if (customer !== undefined) customer.currency ??= subscription.currency;
  if (lines.length === 0) {
    world.emit('customer.subscription.created', subscription);
    scheduleCycle(world, subscription);
    return;
  }
  const invoice = subscriptionInvoice(world, subscription, lines, 'subscription_create');
  const paid = subscription.collection_method === 'send_invoice' || behavior === 'checkout';
  if (!paid && subscription.status === 'active' && invoice.amount_due > 0) subscription.status = 'incomplete';
  world.emit('customer.subscription.created', subscription);
  const trialing = subscription.status === 'trialing';
  finalizeInvoice(world, invoice);
  if (trialing && behavior === 'default_incomplete' && subscription.default_payment_method === null) {
    const intent = createSetupIntent(world, subscription.customer);
    subscription.pending_setup_intent = intent.id;
  }
  if (invoice.status === 'open' && !paid && behavior !== 'default_incomplete') {
    const outcome = chargeInvoice(world, invoice, { off_session: false });
    if (behavior === 'error_if_incomplete' && outcome?.kind !== 'succeeded') {
      closeInvoice(world, invoice, 'void');
      world.subscriptions.remove(subscription.id);
      if (outcome?.kind === 'declined') throw declined(outcome.code, outcome.decline_code, outcome.message);
      throw invalid('This customer has no attached payment source or default payment method.', {
        code: 'resource_missing',
      });
    }
  }
  // An invoice of zero, or a charge at once, has made it active already.
  if (subscription.status === 'incomplete')
    world.timers.set(timerOf(subscription, 'incomplete'), world.now() + HOURS_23, () =>
      expireIncomplete(world, subscription),
    );
  else scheduleCycle(world, subscription);
};

import { declined, invalid, missing } from '../errors.ts';
import type { Invoice, Subscription, SubscriptionItem } from '../objects.ts';
import { mergedMetadata, type Params } from '../params.ts';
import type { World } from '../world.ts';
import { readDiscounts } from './discount.ts';
import { closeInvoice, createInvoice, finalizeInvoice } from './invoice.ts';
import { chargeInvoice } from './invoice-collection.ts';
import { recordDebits } from './invoice-line.ts';
import { type Change, planChange, useUpDebits } from './subscription-change.ts';
import {
  addedLines,
  cancelAtPeriodEnd,
  checkMethod,
  readTaxRates,
  readTrialSettings,
} from './subscription-creation.ts';
import { draftOf, endTrialNow, scheduleCycle, subscriptionInvoice, takePending } from './subscription-cycle.ts';
import { timerOf } from './subscription-status.ts';

const HOURS_23 = 23 * 3600;
const BEHAVIORS = ['allow_incomplete', 'default_incomplete', 'error_if_incomplete', 'pending_if_incomplete'] as const;

/** All that may be sent together with `pending_if_incomplete`. */
const WITH_PENDING = new Set(
  [
    'items proration_behavior proration_date billing_cycle_anchor trial_end trial_from_plan add_invoice_items expand metadata',
    'payment_behavior off_session',
  ]
    .join(' ')
    .split(' '),
);

/** Updates that wait for their invoice, by that invoice. */
const WAITING = new WeakMap<World, Map<string, () => void>>();
const waitingOf = (world: World): Map<string, () => void> => {
  const waiting = WAITING.get(world) ?? new Map<string, () => void>();
  WAITING.set(world, waiting);
  return waiting;
};

const applyItems = (
  world: World,
  subscription: Subscription,
  change: Change,
  lines: Invoice['lines']['data'],
): void => {
  useUpDebits(world, change.credited, change.date);
  subscription.items = { ...subscription.items, data: [...change.items] };
  for (const { id } of change.items) world.subscriptionItems.set(id, subscription.id);
  if (change.anchor !== null) {
    subscription.billing_cycle_anchor = change.anchor;
    if (subscription.status === 'trialing') {
      subscription.status = 'active';
      subscription.trial_end = change.anchor;
    }
  }
  recordDebits(world, subscription, lines);
};

const changeItems = (world: World, subscription: Subscription, params: Params): void => {
  const change = planChange(world, subscription, params);
  const behavior = params.choice('payment_behavior', BEHAVIORS) ?? 'allow_incomplete';
  const lines = [...change.lines, ...addedLines(world, params)];
  const atOnce = lines.length > 0 && (change.behavior === 'always_invoice' || change.anchor !== null);
  if (behavior === 'pending_if_incomplete') {
    if (!atOnce && lines.length > 0)
      throw invalid('Pending updates need proration_behavior=always_invoice.', { param: 'proration_behavior' });
    if (atOnce) return payFirst(world, subscription, change, lines, params);
  }
  if (!atOnce) {
    applyItems(world, subscription, change, lines);
    if (lines.length > 0)
      world.pendingLines.set(subscription.id, [...(world.pendingLines.get(subscription.id) ?? []), ...lines]);
    return;
  }
  if (behavior === 'error_if_incomplete') return payOrRefuse(world, subscription, change, lines);
  applyItems(world, subscription, change, lines);
  const invoice = subscriptionInvoice(
    world,
    subscription,
    [...takePending(world, subscription), ...lines],
    'subscription_update',
    change.date,
  );
  finalizeInvoice(world, invoice);
  if (invoice.status === 'open' && behavior === 'allow_incomplete')
    chargeInvoice(world, invoice, { off_session: params.flag('off_session') ?? false });
  if (invoice.status === 'open' && subscription.status === 'active') subscription.status = 'past_due';
};

const invoiceOfChange = (
  world: World,
  subscription: Subscription,
  change: Change,
  lines: Invoice['lines']['data'],
): Invoice => {
  const invoice = createInvoice(world, draftOf(world, subscription, lines, 'subscription_update', change.date));
  finalizeInvoice(world, invoice);
  return invoice;
};

const payOrRefuse = (
  world: World,
  subscription: Subscription,
  change: Change,
  lines: Invoice['lines']['data'],
): void => {
  const invoice = invoiceOfChange(world, subscription, change, lines);
  const outcome = chargeInvoice(world, invoice, { off_session: false });
  if (outcome?.kind === 'declined') {
    closeInvoice(world, invoice, 'void');
    throw declined(outcome.code, outcome.decline_code, outcome.message);
  }
  if (outcome?.kind !== 'succeeded') {
    closeInvoice(world, invoice, 'void');
    throw invalid('This payment requires additional user action.', {
      code: 'subscription_payment_intent_requires_action',
    });
  }
  subscription.latest_invoice = invoice.id;
  applyItems(world, subscription, change, lines);
};

/** `pending_if_incomplete`: the change waits for up to 23 hours until its invoice is paid. */
const payFirst = (
  world: World,
  subscription: Subscription,
  change: Change,
  lines: Invoice['lines']['data'],
  params: Params,
): void => {
  const other = params.names().find((name) => !WITH_PENDING.has(name));
  if (other !== undefined)
    throw invalid(`You cannot pass ${other} with payment_behavior=pending_if_incomplete.`, { param: other });
  if (subscription.collection_method === 'send_invoice')
    throw invalid('pending_if_incomplete cannot be used with send_invoice.', { param: 'payment_behavior' });
  dropPendingUpdate(world, subscription);
  const metadata = params.has('metadata') ? mergedMetadata(subscription.metadata, params) : null;
  const waiting = waitingOf(world);
  const invoice = createInvoice(world, draftOf(world, subscription, lines, 'subscription_update', change.date));
  const apply = (): void => {
    waiting.delete(invoice.id);
    applyItems(world, subscription, change, lines);
    if (metadata !== null) subscription.metadata = metadata;
  };
  finalizeInvoice(world, invoice);
  subscription.latest_invoice = invoice.id;
  const pending = {
    billing_cycle_anchor: change.anchor,
    expires_at: world.now() + HOURS_23,
    metadata,
    subscription_items: [...change.items],
    trial_end: null,
    ...{ trial_from_plan: null, discounts: null },
  };
  if (invoice.status === 'open') {
    subscription.pending_update = pending;
    chargeInvoice(world, invoice, { off_session: params.flag('off_session') ?? false });
  }
  if (world.invoices.get(invoice.id)?.status === 'paid') {
    subscription.pending_update = null;
    apply();
    return;
  }
  waiting.set(invoice.id, () => {
    world.timers.cancel(timerOf(subscription, 'pending'));
    world.change(subscription, 'customer.subscription.updated', () => {
      subscription.pending_update = null;
      apply();
    });
    scheduleCycle(world, subscription);
    world.emit('customer.subscription.pending_update_applied', subscription);
  });
  world.timers.set(timerOf(subscription, 'pending'), pending.expires_at, () => {
    dropPendingUpdate(world, subscription);
    world.emit('customer.subscription.pending_update_expired', subscription);
  });
};

/** Forgets a pending update and voids its invoice. */
const dropPendingUpdate = (world: World, subscription: Subscription): void => {
  if (subscription.pending_update === null) return;
  world.timers.cancel(timerOf(subscription, 'pending'));
  subscription.pending_update = null;
  const waiting = waitingOf(world);
  for (const invoice of world.invoices.of(subscription.id)) {
    if (!waiting.delete(invoice.id) || invoice.status !== 'open') continue;
    closeInvoice(world, invoice, 'void');
  }
};

/** Applies the update that waited for this invoice; @returns whether there was one */
export const applyPendingUpdate = (world: World, invoice: Invoice): boolean => {
  const apply = waitingOf(world).get(invoice.id);
  apply?.();
  return apply !== undefined;
};

const readPause = (subscription: Subscription, params: Params): void => {
  if (!params.has('pause_collection')) return;
  const pause = params.hash('pause_collection');
  subscription.pause_collection =
    pause === undefined
      ? null
      : {
          behavior: pause.needChoice('behavior', ['keep_as_draft', 'mark_uncollectible', 'void']),
          resumes_at: pause.integer('resumes_at') ?? null,
        };
};

const changeFields = (world: World, subscription: Subscription, params: Params): void => {
  subscription.metadata = mergedMetadata(subscription.metadata, params);
  if (params.has('description')) subscription.description = params.text('description') ?? null;
  if (params.has('default_payment_method')) {
    const method = params.text('default_payment_method') ?? null;
    subscription.default_payment_method =
      method === null ? null : checkMethod(world, method, subscription.customer, 'default_payment_method');
  }
  subscription.trial_settings = readTrialSettings(params) ?? subscription.trial_settings;
  subscription.default_tax_rates = readTaxRates(world, params) ?? subscription.default_tax_rates;
  const of = { subscription: subscription.id, customer: subscription.customer };
  subscription.discounts = readDiscounts(world, params, of, subscription.discounts) ?? subscription.discounts;
  const automatic = params.hash('automatic_tax')?.flag('enabled');
  if (automatic !== undefined) subscription.automatic_tax = { ...subscription.automatic_tax, enabled: automatic };
  const save = params.hash('payment_settings')?.choice('save_default_payment_method', ['off', 'on_subscription']);
  if (save !== undefined)
    subscription.payment_settings = { ...subscription.payment_settings, save_default_payment_method: save };
  params.ignore('off_session');
  readPause(subscription, params);
  cancelAtPeriodEnd(subscription, params.flag('cancel_at_period_end'), world.now());
  if (params.has('cancel_at')) {
    subscription.cancel_at = params.integer('cancel_at') ?? null;
    subscription.canceled_at = subscription.cancel_at === null ? null : world.now();
    subscription.cancel_at_period_end = false;
  }
  const details = params.hash('cancellation_details');
  if (details !== undefined)
    subscription.cancellation_details = {
      ...subscription.cancellation_details,
      comment: details.text('comment') ?? null,
      feedback: details.text('feedback') ?? null,
    };
};

/** `POST /v1/subscriptions/:id` */
export const updateSubscription = (world: World, subscription: Subscription, params: Params): void => {
  if (subscription.status === 'canceled' || subscription.status === 'incomplete_expired') {
    const harmless = ['metadata', 'cancellation_details', 'expand'];
    if (params.names().some((name) => !harmless.includes(name))) throw missing('subscription', subscription.id);
  }
  if (subscription.schedule !== null && (params.has('cancel_at_period_end') || params.has('cancel_at')))
    throw invalid(
      `The subscription is managed by the subscription schedule \`${subscription.schedule}\`, and updating any cancelation behavior directly is not allowed. Please update the schedule instead.`,
    );
  const trialEnd = params.text('trial_end');
  const waits = params.text('payment_behavior') === 'pending_if_incomplete';
  world.change(subscription, 'customer.subscription.updated', () => {
    if (!waits || !(params.has('items') || params.has('billing_cycle_anchor')))
      changeFields(world, subscription, params);
    if (params.has('items') || params.has('billing_cycle_anchor') || params.has('add_invoice_items'))
      changeItems(world, subscription, params);
    if (trialEnd === 'now' && subscription.status === 'trialing') endTrialNow(world, subscription);
    else if (trialEnd !== undefined && trialEnd !== 'now')
      extendTrial(world, subscription, Number(params.integer('trial_end')));
  });
  if (['active', 'trialing', 'past_due', 'unpaid'].includes(subscription.status)) scheduleCycle(world, subscription);
  scheduleCollection(world, subscription);
};

const scheduleCollection = (world: World, subscription: Subscription): void => {
  const key = timerOf(subscription, 'collect');
  const at = subscription.pause_collection?.resumes_at ?? null;
  if (at === null) world.timers.cancel(key);
  else
    world.timers.set(key, at, () =>
      world.change(subscription, 'customer.subscription.updated', () => {
        subscription.pause_collection = null;
      }),
    );
};

const extendTrial = (world: World, subscription: Subscription, end: number): void => {
  if (end <= world.now()) throw invalid('The trial end must be in the future.', { param: 'trial_end' });
  subscription.trial_start ??= world.now();
  subscription.trial_end = end;
  subscription.billing_cycle_anchor = end;
  subscription.status = 'trialing';
  subscription.items = {
    ...subscription.items,
    data: subscription.items.data.map((item: SubscriptionItem) => ({ ...item, current_period_end: end })),
  };
};

import { invalid } from '../errors.ts';
import type { Subscription } from '../objects.ts';
import { Params } from '../params.ts';
import type { Routes } from '../route.ts';
import type { World } from '../world.ts';
import { couponOf } from './coupon.ts';
import { customerOf } from './customer.ts';
import { shapeInvoice } from './invoice.ts';
import { isMetered, licensedLine, usageLine } from './invoice-line.ts';
import { type Change, planChange } from './subscription-change.ts';
import { cycleLines, draftOf, periodEnd } from './subscription-cycle.ts';
import { checkItems, newItem, periodOf } from './subscription-item.ts';
import { subscriptionOf } from './subscription-status.ts';

const NOTHING = new Params({});

/** Lines of the next renewal, as a subscription stands or with other items. */
const nextCycle = (world: World, subscription: Subscription, change: Change) => {
  const end =
    change.anchor === null ? periodEnd(subscription) : Math.min(...change.items.map((item) => item.current_period_end));
  const after = { ...subscription, items: { ...subscription.items, data: [...change.items] } };
  return cycleLines(world, after, end);
};

const previewChange = (world: World, id: string, details: Params) => {
  const subscription = subscriptionOf(world, id, 'subscription');
  const change = planChange(world, subscription, details);
  const ends = details.flag('cancel_at_period_end') ?? subscription.cancel_at_period_end;
  const pending = world.pendingLines.get(id) ?? [];
  const atOnce = change.lines.length > 0 && (change.behavior === 'always_invoice' || change.anchor !== null);
  const usage = subscription.items.data
    .filter(isMetered)
    .map((item) =>
      usageLine(world, item, subscription.customer, { start: item.current_period_start, end: world.now() }),
    );
  const next = ends ? usage.filter(({ amount }) => amount !== 0) : nextCycle(world, subscription, change);
  const lines = structuredClone(atOnce ? [...pending, ...change.lines] : [...pending, ...change.lines, ...next]);
  const reason = atOnce ? 'subscription_update' : 'upcoming';
  return shapeInvoice(world, draftOf(world, subscription, lines, reason, change.date), 'upcoming_in');
};

const previewNew = (world: World, params: Params, details: Params) => {
  const customer = customerOf(world, params.needText('customer'), 'customer');
  const now = world.now();
  const items = (details.list('items') ?? []).map((entry) => {
    const item = newItem(world, 'sub_new', entry, { start: now, end: now });
    return { ...item, current_period_end: periodOf(item, now, now).end };
  });
  const currency = checkItems(items, customer.currency);
  const lines = items
    .filter((item) => !isMetered(item))
    .map((item) => licensedLine(world, item, { start: now, end: item.current_period_end }));
  const coupons = (params.list('discounts') ?? []).map((entry) =>
    couponOf(world, entry.needText('coupon'), 'discounts'),
  );
  if (coupons.length > 0)
    throw invalid('The fake previews discounts of existing subscriptions only.', { param: 'discounts' });
  const automatic = params.hash('automatic_tax')?.flag('enabled') ?? false;
  return shapeInvoice(
    world,
    {
      customer,
      lines,
      billing_reason: 'subscription_create',
      currency,
      collection_method: 'charge_automatically',
      discounts: [],
      tax: { automatic, rates: [] },
    },
    'upcoming_in',
  );
};

export const previews: Routes = {
  'POST /v1/invoices/create_preview': ({ world, params }) => {
    params.choice('preview_mode', ['next', 'recurring']);
    const details = params.hash('subscription_details') ?? NOTHING;
    const subscription = params.text('subscription');
    if (subscription === undefined) return previewNew(world, params, details);
    params.ignore('customer');
    return previewChange(world, subscription, details);
  },
};

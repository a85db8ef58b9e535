import { page } from '../lists.ts';
import type { Routes } from '../route.ts';
import { type World } from '../world.ts';
import { finalizeInvoice } from './invoice.ts';
import { chargeInvoice, followPayments } from './invoice-collection.ts';
import { creditLines } from './invoice-line.ts';
import { createSubscription } from './subscription-creation.ts';
import { finalInvoice, scheduleCycle, subscriptionInvoice } from './subscription-cycle.ts';
import { followSchedules } from './subscription-schedule.ts';
import { pauseSubscription, resumeOnPayment, resumeSubscription } from './subscription-pause.ts';
import { endSubscription, followInvoices, subscriptionOf } from './subscription-status.ts';
import { applyPendingUpdate, updateSubscription } from './subscription-update.ts';
import { invalid, missing } from '../errors.ts';

/** Lets invoices and subscriptions follow payments. */
export const followMoney = (world: World): void => {
  followSchedules(world);
  followPayments(world);
  followInvoices(
    world,
    (invoice) => applyPendingUpdate(world, invoice) || resumeOnPayment(invoice),
    (subscription) => scheduleCycle(world, subscription),
  );
};

export const subscriptions: Routes = {
  'POST /v1/subscriptions': ({ world, params }) => {
    const behavior =
      params.choice('payment_behavior', ['allow_incomplete', 'default_incomplete', 'error_if_incomplete']) ??
      'allow_incomplete';
    return createSubscription(world, params, params.needText('customer'), { behavior });
  },
  'GET /v1/subscriptions': ({ world, params }) => {
    const customer = params.text('customer');
    const status = params.text('status');
    const price = params.text('price');
    return page(
      '/v1/subscriptions',
      world.subscriptions,
      params,
      (one) => {
        if (customer !== undefined && one.customer !== customer) return false;
        if (price !== undefined && !one.items.data.some((item) => item.price.id === price)) return false;
        if (status === 'all') return true;
        if (status === 'ended') return one.status === 'canceled' || one.status === 'incomplete_expired';
        return status === undefined ? one.status !== 'canceled' : one.status === status;
      },
      customer,
    );
  },
  'GET /v1/subscriptions/:id': ({ world, path }) => subscriptionOf(world, path('id')),
  'POST /v1/subscriptions/:id': ({ world, params, path }) => {
    const subscription = subscriptionOf(world, path('id'));
    updateSubscription(world, subscription, params);
    return subscription;
  },
  'DELETE /v1/subscriptions/:id': ({ world, params, path }) => {
    const subscription = subscriptionOf(world, path('id'));
    if (subscription.status === 'canceled') throw missing('subscription', subscription.id);
    const details = params.hash('cancellation_details');
    if (details !== undefined)
      subscription.cancellation_details = {
        ...subscription.cancellation_details,
        comment: details.text('comment') ?? null,
        feedback: details.text('feedback') ?? null,
      };
    const credits = params.flag('prorate')
      ? subscription.items.data.flatMap((item) => creditLines(world, item, world.now()))
      : [];
    if (params.flag('invoice_now')) {
      if (credits.length > 0) {
        const invoice = subscriptionInvoice(world, subscription, credits, 'subscription_update');
        finalizeInvoice(world, invoice);
        chargeInvoice(world, invoice, { off_session: true });
      }
      finalInvoice(world, subscription);
    } else if (credits.length > 0) world.pendingLines.set(subscription.id, credits);
    endSubscription(world, subscription, 'cancellation_requested');
    return subscription;
  },
  'POST /v1/subscriptions/:id/pause': ({ world, params, path }) => {
    const subscription = subscriptionOf(world, path('id'));
    pauseSubscription(world, subscription, params);
    return subscription;
  },
  'POST /v1/subscriptions/:id/resume': ({ world, params, path }) => {
    const subscription = subscriptionOf(world, path('id'));
    resumeSubscription(world, subscription, params);
    return subscription;
  },
  'POST /v1/subscriptions/:id/migrate': ({ world, params, path }) => {
    const subscription = subscriptionOf(world, path('id'));
    params.hash('billing_mode')?.needChoice('type', ['flexible']);
    if (subscription.billing_mode.type === 'flexible')
      throw invalid('The subscription is already in flexible billing mode.');
    world.change(subscription, 'customer.subscription.updated', () => {
      subscription.billing_mode = {
        type: 'flexible',
        flexible: { proration_discounts: 'included' },
        updated_at: world.now(),
      };
    });
    return subscription;
  },
  'GET /v1/subscription_items': ({ world, params }) => {
    const { items } = subscriptionOf(world, params.needText('subscription'), 'subscription');
    params.ignore('limit', 'starting_after');
    return { ...items, url: '/v1/subscription_items' };
  },
};

import { invalid, missing } from '../errors.ts';
import { page } from '../lists.ts';
import type { PhaseItem, Schedule, SchedulePhase, Subscription } from '../objects.ts';
import { mergedMetadata, Params, type Raw } from '../params.ts';
import type { Routes } from '../route.ts';
import { nulls, type World } from '../world.ts';
import { addInterval } from './periods.ts';
import { periodEnd } from './subscription-cycle.ts';
import { recurringPrice } from './subscription-item.ts';
import { endSubscription, subscriptionOf } from './subscription-status.ts';
import { updateSubscription } from './subscription-update.ts';

const scheduleOf = (world: World, id: string): Schedule => {
  const schedule = world.schedules.get(id);
  if (schedule === undefined) throw missing('subscription schedule', id);
  return schedule;
};

const newPhase = (
  given: Omit<SchedulePhase, 'metadata'> & { metadata?: SchedulePhase['metadata'] },
): SchedulePhase => ({
  ...nulls('application_fee_percent billing_cycle_anchor billing_thresholds collection_method default_payment_method'),
  ...nulls('description invoice_settings on_behalf_of transfer_data trial_end'),
  ...{ add_invoice_items: [], default_tax_rates: [], discounts: [] },
  metadata: {},
  ...given,
});

const phaseItem = (price: string, quantity: number | undefined): PhaseItem => ({
  ...{ billing_thresholds: null, discounts: [], metadata: {}, tax_rates: [] },
  price,
  ...(quantity !== undefined && { quantity }),
});

const readPhases = (world: World, entries: readonly Params[], currency: string, begin: number): SchedulePhase[] => {
  const phases: SchedulePhase[] = [];
  for (const entry of entries) {
    const start_date = phases.at(-1)?.end_date ?? entry.integer('start_date') ?? begin;
    entry.ignore('start_date', 'currency');
    const duration = entry.hash('duration');
    const interval = duration?.needChoice('interval', ['day', 'week', 'month', 'year']);
    const [first, ...others] = entry.list('items') ?? [];
    if (first === undefined) throw invalid('A phase needs items.', { param: entry.at('items') });
    const items = [first, ...others].map((item) => {
      const price = recurringPrice(world, item.needText('price'), item.at('price'));
      return phaseItem(
        price.id,
        price.recurring.usage_type === 'metered' ? undefined : (item.integer('quantity') ?? 1),
      );
    });
    const { recurring } = recurringPrice(world, items[0]?.price ?? '', entry.at('items'));
    const end_date =
      entry.integer('end_date') ??
      (interval === undefined
        ? addInterval(start_date, recurring.interval, recurring.interval_count)
        : addInterval(start_date, interval, duration?.integer('interval_count') ?? 1));
    if (end_date <= start_date) throw invalid('A phase must end after it starts.', { param: entry.at('end_date') });
    const proration_behavior =
      entry.choice('proration_behavior', ['create_prorations', 'always_invoice', 'none']) ?? 'create_prorations';
    phases.push(
      newPhase({ currency, start_date, end_date, items, proration_behavior, metadata: entry.map('metadata') }),
    );
  }
  return phases;
};

/** Items of a phase as parameters of an update: what has the same price stays; a single item keeps its id. */
const asUpdate = (subscription: Subscription, phase: SchedulePhase): Raw[] => {
  const before = subscription.items.data.filter(({ price }) => !phase.items.some((item) => item.price === price.id));
  const wanted = phase.items.map((item) => {
    const same = subscription.items.data.find(({ price }) => price.id === item.price);
    const id = same?.id ?? before.shift()?.id;
    const { price, quantity } = item;
    return { ...(id !== undefined && { id }), price, ...(quantity !== undefined && { quantity }) };
  });
  return [...wanted, ...before.map(({ id }): Raw => ({ id, deleted: true }))];
};

const enter = (world: World, schedule: Schedule, subscription: Subscription, phase: SchedulePhase): void => {
  const { start_date, end_date } = phase;
  const proration_behavior = periodEnd(subscription) <= world.now() ? 'none' : phase.proration_behavior;
  const raw = { items: asUpdate(subscription, phase), proration_behavior, metadata: phase.metadata };
  updateSubscription(world, subscription, new Params(raw));
  world.change(schedule, 'subscription_schedule.updated', () => {
    schedule.current_phase = { start_date, end_date };
  });
};

const finish = (world: World, schedule: Schedule, status: 'released' | 'completed' | 'canceled'): void => {
  world.timers.cancel(`phase ${schedule.id}`);
  const subscription = world.subscriptions.get(schedule.subscription ?? '');
  schedule.status = status;
  schedule.current_phase = null;
  if (status === 'released') {
    schedule.released_at = world.now();
    schedule.released_subscription = schedule.subscription;
    schedule.subscription = null;
  } else if (status === 'canceled') schedule.canceled_at = world.now();
  else schedule.completed_at = world.now();
  if (subscription !== undefined) subscription.schedule = null;
  world.emit(`subscription_schedule.${status}`, schedule);
};

/** Enters the phase of this time, or ends with the last one. Also called just before a renewal, which bills the new items. */
const follow = (world: World, schedule: Schedule): void => {
  const subscription = world.subscriptions.get(schedule.subscription ?? '');
  if (schedule.status !== 'active' || subscription === undefined) return;
  const now = world.now();
  const phase = schedule.phases.find(({ start_date, end_date }) => start_date <= now && now < end_date);
  const last = schedule.phases.at(-1);
  if (phase !== undefined) {
    if (phase.start_date !== schedule.current_phase?.start_date) enter(world, schedule, subscription, phase);
    world.timers.set(`phase ${schedule.id}`, phase.end_date, () => follow(world, schedule));
  } else if (last !== undefined && last.end_date <= now) {
    if (schedule.end_behavior === 'release') return finish(world, schedule, 'released');
    finish(world, schedule, 'completed');
    endSubscription(world, subscription, 'cancellation_requested');
  }
};

/** Lets schedules act before the renewal of their subscription. */
export const followSchedules = (world: World): void => {
  world.reactions.periodEnds = (subscription) => {
    const schedule = world.schedules.get(subscription.schedule ?? '');
    if (schedule !== undefined) follow(world, schedule);
  };
};

export const subscriptionSchedules: Routes = {
  'POST /v1/subscription_schedules': ({ world, params }) => {
    const subscription = subscriptionOf(world, params.needText('from_subscription'), 'from_subscription');
    if (subscription.schedule !== null)
      throw invalid('This subscription is already attached to a schedule.', { param: 'from_subscription' });
    const [first] = subscription.items.data;
    const start_date = first?.current_period_start ?? world.now();
    const end_date = periodEnd(subscription);
    const items = subscription.items.data.map(({ price, quantity }) => phaseItem(price.id, quantity));
    const { currency, metadata } = subscription;
    const schedule: Schedule = {
      ...nulls('application customer_account test_clock'),
      ...{
        billing_mode: subscription.billing_mode,
        pause_schedules: [],
        default_settings: {
          ...nulls('application_fee_percent billing_thresholds collection_method default_payment_method description'),
          ...nulls('on_behalf_of transfer_data'),
          billing_cycle_anchor: 'automatic',
          invoice_settings: { account_tax_ids: null, days_until_due: null, issuer: { type: 'self' } },
        },
      },
      ...world.made('subscription_schedule', 'sub_sched'),
      canceled_at: null,
      completed_at: null,
      current_phase: { start_date, end_date },
      customer: subscription.customer,
      end_behavior: 'release',
      metadata: mergedMetadata({}, params),
      phases: [newPhase({ currency, start_date, end_date, items, proration_behavior: 'create_prorations', metadata })],
      released_at: null,
      released_subscription: null,
      status: 'active',
      subscription: subscription.id,
    };
    world.schedules.add(schedule);
    subscription.schedule = schedule.id;
    world.emit('subscription_schedule.created', schedule);
    follow(world, schedule);
    return schedule;
  },
  'GET /v1/subscription_schedules': ({ world, params }) => {
    const customer = params.text('customer');
    return page(
      '/v1/subscription_schedules',
      world.schedules,
      params,
      (one) => customer === undefined || one.customer === customer,
    );
  },
  'GET /v1/subscription_schedules/:id': ({ world, path }) => scheduleOf(world, path('id')),
  'POST /v1/subscription_schedules/:id': ({ world, params, path }) => {
    const schedule = scheduleOf(world, path('id'));
    if (schedule.status !== 'active') throw invalid(`You cannot update a schedule that is ${schedule.status}.`);
    const entries = params.list('phases');
    params.ignore('proration_behavior');
    world.change(schedule, 'subscription_schedule.updated', () => {
      schedule.metadata = mergedMetadata(schedule.metadata, params);
      schedule.end_behavior = params.choice('end_behavior', ['release', 'cancel']) ?? schedule.end_behavior;
      const [first] = schedule.phases;
      if (entries !== undefined && first !== undefined)
        schedule.phases = readPhases(world, entries, first.currency, first.start_date);
    });
    follow(world, schedule);
    return schedule;
  },
  'POST /v1/subscription_schedules/:id/release': ({ world, params, path }) => {
    const schedule = scheduleOf(world, path('id'));
    params.ignore('preserve_cancel_date');
    if (schedule.status !== 'active') throw invalid(`You cannot release a schedule that is ${schedule.status}.`);
    finish(world, schedule, 'released');
    return schedule;
  },
  'POST /v1/subscription_schedules/:id/cancel': ({ world, path }) => {
    const schedule = scheduleOf(world, path('id'));
    const subscription = world.subscriptions.get(schedule.subscription ?? '');
    if (schedule.status !== 'active') throw invalid(`You cannot cancel a schedule that is ${schedule.status}.`);
    finish(world, schedule, 'canceled');
    if (subscription !== undefined) endSubscription(world, subscription, 'cancellation_requested');
    return schedule;
  },
};

import { dueAt } from '#domain/billing/subscription/subscription.schedule';
import type { SubscriptionEvent } from '#domain/billing/subscription/subscription.events';
import {
  type Subscription,
  type SubscriptionState,
  subscriptionStream,
} from '#domain/billing/subscription/subscription';
import { BLOCKING_STATUSES } from '#domain/billing/subscription/subscription.statuses';
import { tableProjection } from '#events/projection/table';
import type { Loaded, Snapshot } from '#events/store';
import { type SubscriptionRow, subscriptionsTable } from './subscription.table.ts';

/** Rows are the states of the streams. */
export const subscriptionsProjection = tableProjection<SubscriptionRow, SubscriptionEvent, 'updated_at'>({
  table: subscriptionsTable,
  types: ['subscription.*'],
  id: ({ stream_id }) => stream_id,
  evolve: (row, { event, stream_id, version, recorded_at }) => {
    const state = subscriptionStream.evolve(row?.state ?? subscriptionStream.initialState, event);
    if (state.status === 'none') return row;
    return { ...rowOf(state, { id: stream_id, version }), updated_at: new Date(recorded_at) };
  },
  stamp: 'updated_at',
  ahead: (batch, states) =>
    [...new Set(batch.map(({ stream_id }) => stream_id))].flatMap((id) => {
      const { state, version } = states.get(id) as Loaded<SubscriptionState>;
      return state.status === 'none' ? [] : [rowOf(state, { id, version })];
    }),
});

const rowOf = (
  state: Subscription,
  beside: Pick<SubscriptionRow, 'id' | 'version'>,
): Omit<SubscriptionRow, 'updated_at'> => {
  const { subscriber, customer_id, product_id, plan_id, price_id, status, provider_id, license_id } = state;
  const due = dueAt(state);
  return {
    ...beside,
    subscriber,
    customer_id,
    product_id,
    plan_id,
    price_id,
    status,
    provider_id,
    license_id,
    sole_key: state.sole && BLOCKING_STATUSES.includes(status) ? soleKey(product_id, subscriber) : null,
    due_at: due === null ? null : new Date(due),
    state,
  };
};

/** Ids of products have no blanks, so the key is unique. */
export const soleKey = (product_id: string, subscriber: string): string => `${product_id} ${subscriber}`;

/** States are read from their rows: a subscription of ten years has hundreds of events. */
export const subscriptionSnapshot: Snapshot = {
  stream: subscriptionStream,
  load: async (ids, pool) => {
    const { rows } = await pool.query<Pick<SubscriptionRow, 'id' | 'version' | 'state'>>({
      name: 'subscription_states',
      text: 'select id, version, state from subscriptions where id = any($1)',
      values: [ids],
    });
    return new Map(rows.map(({ id, version, state }): [string, Loaded<unknown>] => [id, { version, state }]));
  },
};

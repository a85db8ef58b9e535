import type { Time } from '../../shared/time.ts';
import type { SubscriptionEvent } from './subscription.events.ts';

/** The prices of a subscription since its usage was last charged. */
export interface Priced {
  /** The beginning of the present period. */
  readonly period_start: Time;
  /** Each with the time from which it applies, oldest first. None during a trial, whose usage is free, and for a grant. */
  readonly prices: readonly { readonly price_id: string; readonly from: Time }[];
}

/** A change of the price begins a stretch of its own; a new period charges all stretches before it. */
export const pricedAfter = (priced: Priced | null, event: SubscriptionEvent): Priced | null => {
  switch (event.type) {
    case 'subscription.activated':
      return event.trial ? { period_start: event.period_start, prices: [] } : begun(event);
    case 'subscription.renewal_invoiced':
      return begun(event);
    case 'subscription.renewed':
      // It is also the payment of a period that has begun, and a grant of more time.
      return priced?.period_start === event.period_start ? priced : begun(event);
    case 'subscription.plan_changed': {
      const { period_start, price_id, previous_price_id, changed_at: from, status } = event;
      const prices = priced?.prices ?? [];
      const isOther = price_id !== null && price_id !== previous_price_id && status !== 'trialing';
      return { period_start, prices: isOther ? [...prices, { price_id, from }] : prices };
    }
    case 'subscription.recovered':
    case 'subscription.unpaused':
      return priced && { ...priced, period_start: event.period_start };
    default:
      return priced;
  }
};

const begun = ({
  period_start,
  price_id,
}: {
  readonly period_start: Time;
  readonly price_id: string | null;
}): Priced => ({ period_start, prices: price_id === null ? [] : [{ price_id, from: period_start }] });

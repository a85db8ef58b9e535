import { toTime, type Time } from '../../shared/time.ts';
import { refuseSubscription } from './subscription.errors.ts';
import { onSubscription, type SubscriptionEvent } from './subscription.events.ts';
import type { Subscription } from './subscription.ts';

/** Stops charging a subscription for a time. */
export interface Pause {
  readonly type: 'Pause';
  readonly now: Time;
  /** null = until it is unpaused. */
  readonly resumes_at: Time | null;
}

export const pause = ({ now, resumes_at }: Pause, state: Subscription): readonly SubscriptionEvent[] => {
  if (state.status === 'paused' && state.resumes_at === resumes_at) return [];
  if (state.status !== 'active' && state.status !== 'paused')
    return refuseSubscription('INVALID_TRANSITION', { status: state.status });
  if (resumes_at !== null && resumes_at <= now) return refuseSubscription('INVALID_RESUME_TIME');
  return [
    {
      type: 'subscription.paused',
      ...onSubscription(state, 'paused'),
      paused_at: state.paused_at ?? now,
      resumes_at,
    },
  ];
};

/** The time that was left in the period follows now, and the next periods are counted from its end. */
export const unpause = ({ now }: { readonly now: Time }, state: Subscription): readonly SubscriptionEvent[] => {
  const { period, paused_at } = state;
  if (state.status === 'active') return [];
  if (state.status !== 'paused' || period === null || paused_at === null)
    return refuseSubscription('INVALID_TRANSITION', { status: state.status });
  const paused = Date.parse(now) - Date.parse(paused_at);
  const later = (time: Time): Time => toTime(Date.parse(time) + paused);
  const end = later(period.end);
  return [
    {
      type: 'subscription.unpaused',
      ...onSubscription(state, 'active'),
      period_start: period.start,
      period_end: end,
      billing_anchor: end,
      valid_until: later(state.valid_until ?? period.end),
    },
  ];
};

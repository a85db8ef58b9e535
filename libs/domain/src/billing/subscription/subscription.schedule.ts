import { addDays, type Time } from '../../shared/time.ts';
import type { PastDue, Subscription, SubscriptionState } from './subscription.ts';

/** What time does to a subscription, one thing at a time. */
export type Step =
  | 'close_payment_window'
  | 'tell_trial_end'
  | 'tell_renewal'
  | 'end_period'
  | 'miss_payment'
  | 'unpause'
  | 'remind'
  | 'end_grace'
  | 'give_up'
  | 'settle_usage';

/** Days before the end of a trial at which the customer is told. */
const TRIAL_NOTICE_DAYS = 3;
/** Days before the renewal of a yearly subscription at which the customer is told. */
const RENEWAL_NOTICE_DAYS = 30;

export interface Scheduled {
  readonly at: Time;
  readonly step: Step;
}

/** For a subscription that a provider bills, time only tells customers what is ahead, and ends the grace of its license. */
const ALWAYS: readonly Step[] = ['tell_trial_end', 'tell_renewal', 'remind', 'end_grace'];

/** The next thing that time does to a subscription, and when; undefined = nothing. */
export const nextStep = (state: SubscriptionState): Scheduled | undefined => {
  if (state.status === 'none') return undefined;
  const steps = stepsOf(state);
  return earliest(state.biller === 'keyledger' ? steps : steps.filter(({ step }) => ALWAYS.includes(step)));
};

const stepsOf = (state: Subscription): readonly Scheduled[] => {
  switch (state.status) {
    case 'pending_payment':
      return at(state.pending_until, 'close_payment_window');
    case 'trialing':
    case 'active':
      return [
        // An invoice that became overdue while the subscription was paused.
        ...(state.overdue.length === 0 ? [] : at(state.period?.start ?? null, 'miss_payment')),
        ...noticesOf(state),
        ...at(state.period?.end ?? null, 'end_period'),
      ];
    case 'paused':
      return at(state.resumes_at, 'unpause');
    case 'past_due':
      return state.past_due === null ? [] : dunningOf(state.past_due);
    case 'canceled':
      return at(state.usage_open_until, 'settle_usage');
    case 'expired':
      return [];
    default:
      return state.status satisfies never;
  }
};

/** When the next thing is due; null = nothing is. */
export const dueAt = (state: SubscriptionState): Time | null => nextStep(state)?.at ?? null;

const at = (time: Time | null, step: Step): Scheduled[] => (time === null ? [] : [{ at: time, step }]);

/** The earliest; of two at the same time, the first. */
const earliest = (steps: readonly Scheduled[]): Scheduled | undefined =>
  steps.reduce<Scheduled | undefined>(
    (first, step) => (first === undefined || step.at < first.at ? step : first),
    undefined,
  );

/** A notice is not given once its time is over: `end_period` comes first then, as it is due earlier or at the same time. */
const noticesOf = ({
  status,
  period,
  interval,
  trial,
  notified_for,
  cancel_at_period_end,
}: Subscription): Scheduled[] => {
  if (period === null || notified_for === period.end || cancel_at_period_end) return [];
  if (status === 'trialing' && trial !== null)
    return [{ at: laterOf(addDays(period.end, -TRIAL_NOTICE_DAYS), period.start), step: 'tell_trial_end' }];
  if (interval !== null && isYearly(interval))
    return [{ at: addDays(period.end, -RENEWAL_NOTICE_DAYS), step: 'tell_renewal' }];
  return [];
};

const isYearly = ({ unit, count }: NonNullable<Subscription['interval']>): boolean =>
  unit === 'year' || (unit === 'month' && count >= 12);

const laterOf = (a: Time, b: Time): Time => (a > b ? a : b);

const dunningOf = ({
  at: since,
  grace_until,
  cancels_at,
  reminder_days,
  reminded,
  grace_ended,
}: PastDue): Scheduled[] => [
  ...reminder_days
    .filter((day) => day > reminded)
    .map((day): Scheduled => ({ at: addDays(since, day), step: 'remind' })),
  ...(grace_ended ? [] : [{ at: grace_until, step: 'end_grace' } as const]),
  { at: cancels_at, step: 'give_up' },
];

import type { BillingCommand } from '#domain/licensing/license/license.billing';
import type { BillingHold } from '#domain/licensing/license/license.holds';
import type { Plan } from '#domain/licensing/license/on-license';
import type { Time } from '#domain/shared/time';
import type { OfSubscription, SubscriptionEvents, SubscriptionEventType } from './billing-events.ts';

/** What a command needs beside the event. */
export interface On {
  /** The present plan of the license. */
  readonly plan: Plan;
  /** The plan that the event names. */
  readonly to: Plan;
  readonly now: Time;
  readonly subscription_version: number;
}

type CommandOf<Type extends SubscriptionEventType> = (
  event: OfSubscription & SubscriptionEvents[Type],
  on: On,
) => BillingCommand;

/** A paid period ends what the license was suspended for without it. */
const PAID: readonly BillingHold[] = ['unpaid', 'refunded', 'ended'];

type Period = OfSubscription & SubscriptionEvents['subscription.renewed'];

const setTerm =
  (paid: boolean, lifts: readonly BillingHold[]) =>
  ({ period_start, valid_until, status }: Period, on: On): BillingCommand => ({
    ...on,
    type: 'SetTerm',
    from: period_start,
    valid_until,
    trial: status === 'trialing',
    paid,
    lifts,
  });

/** The command on the license that follows each event of its subscription. All other events leave the license unchanged. */
export const COMMANDS: { readonly [Type in SubscriptionEventType]: CommandOf<Type> } = {
  'subscription.activated': (event, on) => setTerm(isPaid(event), PAID)(event, on),
  'subscription.renewal_invoiced': setTerm(false, []),
  'subscription.renewed': setTerm(true, PAID),
  'subscription.recovered': setTerm(true, PAID),
  'subscription.unpaused': setTerm(false, ['paused']),
  'subscription.past_due': ({ past_due_at, grace_until }, on) => ({
    ...on,
    type: 'MarkPastDue',
    past_due_at,
    grace_until,
  }),
  'subscription.grace_ended': (_event, on) => ({ ...on, type: 'EndGraceByBilling' }),
  'subscription.plan_changed': ({ quantity, valid_until, status }, on) => ({
    ...on,
    type: 'ChangeByBilling',
    quantity,
    valid_until,
    trial: status === 'trialing',
  }),
  'subscription.canceled': ({ reason, valid_until }, on) => ({
    ...on,
    type: 'EndOfSubscription',
    reason,
    valid_until,
    unpaid: reason === 'refunded',
  }),
  'subscription.expired': ({ reason }, on) => ({
    ...on,
    type: 'EndOfSubscription',
    reason,
    valid_until: null,
    unpaid: reason !== 'grant_ended',
  }),
  'subscription.paused': (_event, on) => ({ ...on, type: 'PauseByBilling' }),
  'subscription.refunded': (_event, on) => ({ ...on, type: 'RefundByBilling' }),
  'subscription.disputed': ({ dispute }, on) => ({ ...on, type: 'DisputeByBilling', dispute }),
};

export const isFollowed = (type: string): type is SubscriptionEventType => Object.hasOwn(COMMANDS, type);

/** A subscription that begins before its payment gives a license until its invoice is due, not for the whole period. */
export const isPaid = ({ trial, period_end, valid_until }: SubscriptionEvents['subscription.activated']): boolean =>
  !trial && valid_until === period_end;

import { addDays, type Time } from '../../shared/time.ts';
import { refuse } from './license.errors.ts';
import { hold, release } from './license.holding.ts';
import type { BillingHold } from './license.holds.ts';
import type { License, LicenseEvent, Term, UnheldStatus } from './license.ts';
import { anchorFor, updatesEnd, updatesOnChange } from './license.terms.ts';
import type { Plan } from './on-license.ts';

interface FromBilling {
  /** The plan of the license now, with its policies. */
  readonly plan: Plan;
  readonly now: Time;
  /**
   * Version of the event that is the cause, in the stream of the subscription. An event that is not newer than the last one
   * changes nothing. undefined for a license that was bought once: then the caller gives the events an id that derives from the
   * cause.
   */
  readonly subscription_version?: number | undefined;
}

/** Gives the license the term that billing reports. */
export interface SetTerm extends FromBilling {
  readonly type: 'SetTerm';
  /** The beginning of the period. */
  readonly from: Time;
  readonly valid_until: Time;
  readonly trial: boolean;
  /** The period is paid, or costs nothing. false: until its invoice is due. */
  readonly paid: boolean;
  /** What the license is suspended for no longer. */
  readonly lifts: readonly BillingHold[];
}

/** A payment is missing: the license works until `grace_until`. */
export interface MarkPastDue extends FromBilling {
  readonly type: 'MarkPastDue';
  readonly past_due_at: Time;
  readonly grace_until: Time;
}

/** The subscription has another plan or quantity. */
export interface ChangeByBilling extends FromBilling {
  readonly type: 'ChangeByBilling';
  readonly to: Plan;
  readonly quantity: number;
  readonly valid_until: Time;
  readonly trial: boolean;
}

/** The subscription has ended; the license ends with it, by the end policy of its plan. */
export interface EndOfSubscription extends FromBilling {
  readonly type: 'EndOfSubscription';
  /** Until when it is paid; null = now. */
  readonly valid_until: Time | null;
  readonly reason: string | null;
  /** It was never paid, so that nothing may be kept. */
  readonly unpaid: boolean;
}

export type BillingCommand =
  | SetTerm
  | MarkPastDue
  | ChangeByBilling
  | EndOfSubscription
  | (FromBilling & { readonly type: 'EndGraceByBilling' | 'PauseByBilling' | 'RefundByBilling' })
  | (FromBilling & { readonly type: 'DisputeByBilling'; readonly dispute: 'opened' | 'won' | 'lost' });

/** Nothing leaves `revoked`. What an operator suspended or canceled stays so, whatever billing reports. */
export const decideByBilling = (command: BillingCommand, state: License): readonly LicenseEvent[] => {
  const { subscription_version } = command;
  if (state.status === 'revoked') return [];
  if (subscription_version === undefined) return orFollowed(effectOf(command, state), state);
  if (subscription_version <= state.subscription_version) return [];
  return caused(effectOf(command, state), subscription_version, state);
};

/** The last event of a cause carries its version. */
const caused = (
  events: readonly LicenseEvent[],
  subscription_version: number,
  state: License,
): readonly LicenseEvent[] => {
  const recorded = orFollowed(events, state);
  return recorded.map((event, n) => (n === recorded.length - 1 ? { ...event, subscription_version } : event));
};

/** An event of billing that changes nothing is recorded, so that it has no other effect when it comes again. */
export const orFollowed = (events: readonly LicenseEvent[], { product_id }: License): readonly LicenseEvent[] =>
  events.length > 0 ? events : [{ type: 'license.billing_followed', product_id }];

const effectOf = (command: BillingCommand, state: License): readonly LicenseEvent[] => {
  switch (command.type) {
    case 'SetTerm':
      return setTerm(command, state);
    case 'MarkPastDue':
      return markPastDue(command, state);
    case 'EndGraceByBilling':
      return hold(state, 'unpaid', 'unpaid');
    case 'ChangeByBilling':
      return change(command, state);
    case 'EndOfSubscription':
      return endOfSubscription(command, state);
    case 'PauseByBilling':
      return command.plan.pause_policy === 'suspend' ? hold(state, 'paused', 'paused') : [];
    case 'RefundByBilling':
      return byPolicy(command.plan.refund_policy, 'refunded', state);
    case 'DisputeByBilling':
      return dispute(command, state);
    default:
      return command satisfies never;
  }
};

/** A license that an operator has canceled is not renewed. One that billing has canceled may come back. */
const isCanceledByOperator = ({ resumes_as, ending }: License): boolean => resumes_as === 'canceled' && ending === null;

const setTerm = (command: SetTerm, state: License): readonly LicenseEvent[] => {
  const { plan, from, valid_until, trial, paid, lifts, now } = command;
  if (isCanceledByOperator(state)) return [];
  const isPastDue = !paid && state.resumes_as === 'past_due';
  const term: Term = {
    valid_from: state.valid_from,
    valid_until,
    term_anchor: anchorFor(plan, state.term_anchor ?? from, valid_until),
    updates_until: paid ? updatesFrom(from, plan, state) : state.updates_until,
  };
  const expires_at = isPastDue ? state.grace_until : addDays(valid_until, plan.grace_days);
  const within: UnheldStatus = isPastDue ? 'past_due' : trial ? 'trialing' : 'active';
  const status = expires_at !== null && now >= expires_at ? 'expired' : within;
  const isNew =
    status !== state.resumes_as ||
    trial !== state.trial ||
    (paid && state.provisional) ||
    expires_at !== state.expires_at ||
    fieldsOf(term).some((field) => term[field] !== state[field]);
  const { product_id, plan_id } = state;
  const renewed: LicenseEvent = {
    type: 'license.renewed',
    product_id,
    plan_id,
    status,
    ...term,
    trial,
    paid,
    expires_at,
  };
  return [...(isNew ? [renewed] : []), ...release(state, lifts, status)];
};

const fieldsOf = (term: Term): (keyof Term)[] => Object.keys(term) as (keyof Term)[];

/** The end of updates that a paid period gives; never earlier than what was paid for before. */
const updatesFrom = (from: Time, plan: Plan, { updates_until, ending }: License): Time | null => {
  const included = updatesEnd(plan, from);
  if (included === null) return ending === 'kept' ? null : updates_until;
  return updates_until === null || updates_until > included ? updates_until : included;
};

const markPastDue = ({ past_due_at, grace_until }: MarkPastDue, state: License): readonly LicenseEvent[] => {
  if (state.resumes_as === 'canceled') return [];
  if (state.past_due_at === past_due_at && state.grace_until === grace_until) return [];
  const { product_id, valid_until } = state;
  return [{ type: 'license.past_due', product_id, valid_until: valid_until ?? past_due_at, grace_until, past_due_at }];
};

const change = (command: ChangeByBilling, state: License): readonly LicenseEvent[] => {
  const { to, quantity, valid_until, trial, now } = command;
  const { product_id, quantity: previous_quantity } = state;
  if (to.product_id !== product_id) return refuse('PLAN_OF_ANOTHER_PRODUCT');
  if (isCanceledByOperator(state)) return [];
  const quantityChanged: readonly LicenseEvent[] =
    quantity === previous_quantity
      ? []
      : [{ type: 'license.quantity_changed', product_id, quantity, previous_quantity }];
  if (to.plan_id === state.plan_id)
    return [...quantityChanged, ...setTerm({ ...command, type: 'SetTerm', from: now, paid: false, lifts: [] }, state)];
  const isPastDue = state.resumes_as === 'past_due';
  const expires_at = isPastDue ? state.grace_until : addDays(valid_until, to.grace_days);
  const within: UnheldStatus = isPastDue ? 'past_due' : trial ? 'trialing' : 'active';
  return [
    {
      type: 'plan.changed',
      product_id,
      plan_id: to.plan_id,
      previous_plan_id: state.plan_id,
      reason: null,
      status: expires_at !== null && now >= expires_at ? 'expired' : within,
      trial,
      valid_from: state.valid_from,
      valid_until,
      term_anchor: anchorFor(to, state.term_anchor ?? now, valid_until),
      updates_until: updatesOnChange(state, to, now),
      expires_at,
    },
    ...quantityChanged,
  ];
};

/**
 * A trial and a period that was never paid leave nothing that could be kept. Otherwise a kept license works without an end, with
 * the updates until the end of what is paid.
 */
const endOfSubscription = (command: EndOfSubscription, state: License): readonly LicenseEvent[] => {
  const { plan, reason, now, unpaid } = command;
  const { product_id, plan_id } = state;
  if (isCanceledByOperator(state)) return [];
  const end = command.valid_until ?? earlier(now, state.valid_until);
  if (plan.end_policy === 'keep' && !unpaid && !state.provisional) {
    const { valid_from, term_anchor } = state;
    const term: Term = { valid_from, valid_until: null, term_anchor, updates_until: earlier(end, state.updates_until) };
    return [
      { type: 'license.renewed', product_id, plan_id, status: 'active', ...term, ending: 'kept' },
      ...release(state, ['unpaid', 'paused'], 'active'),
    ];
  }
  const ending = plan.end_policy === 'suspend' ? 'suspended' : 'expired';
  const canceled: readonly LicenseEvent[] =
    state.resumes_as === 'expired' ? [] : [{ type: 'license.canceled', product_id, reason, valid_until: end, ending }];
  return [...canceled, ...(now >= end ? endNow({ ...state, ending }, end) : [])];
};

/** The end of a license whose subscription has ended, at its time. */
export const endNow = (state: License, valid_until: Time): readonly LicenseEvent[] => {
  const { product_id, ending, resumes_as } = state;
  if (ending === 'suspended') return hold(state, 'the subscription has ended', 'ended');
  return resumes_as === 'expired' ? [] : [{ type: 'license.expired', product_id, valid_until }];
};

const earlier = (a: Time, b: Time | null): Time => (b === null || a < b ? a : b);

const byPolicy = (
  policy: 'revoke' | 'suspend' | 'keep',
  reason: 'refunded' | 'disputed',
  state: License,
): readonly LicenseEvent[] => {
  switch (policy) {
    case 'revoke':
      return [{ type: 'license.revoked', product_id: state.product_id, reason }];
    case 'suspend':
      return hold(state, reason, reason);
    case 'keep':
      return [];
  }
};

/** While a dispute is open, nothing final happens: it may be won. */
const dispute = (
  { plan, dispute: result }: FromBilling & { readonly dispute: 'opened' | 'won' | 'lost' },
  state: License,
): readonly LicenseEvent[] => {
  switch (result) {
    case 'opened':
      return byPolicy(plan.dispute_policy === 'keep' ? 'keep' : 'suspend', 'disputed', state);
    case 'won':
      return release(state, ['disputed'], state.resumes_as);
    case 'lost':
      return byPolicy(plan.dispute_policy, 'disputed', state);
  }
};

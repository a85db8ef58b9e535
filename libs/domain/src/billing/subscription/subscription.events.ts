import type { Interval } from '../../shared/calendar.ts';
import type { Time } from '../../shared/time.ts';
import type { AppliedDiscount, Period, WantedLine } from '../invoice/invoice.lines.ts';
import type { Basis, Former } from '../pricing/proration.ts';
import type { Discount } from './subscription.discount.ts';
import type { SubscriptionStatus } from './subscription.statuses.ts';

export const BILLERS = ['keyledger', 'stripe'] as const;
/** Makes the invoices and runs the schedule. */
export type Biller = (typeof BILLERS)[number];

/** How a subscription is paid; `none` costs nothing, `grant` was given. */
export const SUBSCRIPTION_PROVIDERS = ['stripe', 'hyperswitch', 'btcpay', 'bank_transfer', 'none', 'grant'] as const;
export type SubscriptionProvider = (typeof SUBSCRIPTION_PROVIDERS)[number];

/** What is subscribed to. */
export interface Item {
  readonly plan_id: string;
  /** null for a grant. */
  readonly price_id: string | null;
  readonly quantity: number;
}

/** Facts that every event repeats, so that a consumer needs no state of its own. */
export interface OnSubscription extends Item {
  readonly product_id: string;
  readonly subscriber: string;
  readonly customer_id: string;
  readonly license_id: string;
  readonly provider: SubscriptionProvider;
  readonly status: SubscriptionStatus;
}

/**
 * An invoice that the subscription asks for. The id is derived from what is charged, so asking again makes no second invoice.
 * Lines may be credits: an invoice below zero adds to the customer's balance.
 */
export interface Charge {
  readonly invoice_id: string;
  readonly reason: 'subscription_create' | 'subscription_cycle' | 'subscription_update';
  readonly currency: string;
  readonly lines: readonly WantedLine[];
  readonly discounts: readonly AppliedDiscount[];
  readonly period: Period | null;
  /** When it is due. The invoice says the same, whenever it is issued. */
  readonly due_at: Time;
}

/** What a subscription is about, and how it is billed. */
export interface SubscriptionTerms extends Item {
  readonly product_id: string;
  readonly subscriber: string;
  readonly customer_id: string;
  readonly license_id: string;
  readonly biller: Biller;
  readonly provider: SubscriptionProvider;
  readonly provider_id: string | null;
  readonly po_number: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface ScheduledChange extends Item {
  readonly price_id: string;
  readonly effective_at: Time;
}

export type Periodic = { readonly period_start: Time; readonly period_end: Time };
type Reasoned = { readonly reason: string | null };

export type SubscriptionEvent =
  | (OnSubscription &
      SubscriptionTerms & {
        readonly type: 'subscription.created';
        readonly sole: boolean;
        readonly created_at: Time;
        readonly interval: Interval | null;
        readonly discount: Discount | null;
        readonly pending_until: Time | null;
        readonly charge: Charge | null;
        readonly basis_amount: number;
      })
  | (OnSubscription &
      Periodic & {
        readonly type: 'subscription.activated';
        readonly billing_anchor: Time;
        readonly valid_until: Time;
        readonly trial: boolean;
        readonly invoice_id: string | null;
        /** The invoice is paid, or there is none. */
        readonly paid: boolean;
        readonly basis_amount: number;
        readonly recipient_sealed: string | null;
      })
  | (OnSubscription & { readonly type: 'subscription.trial_will_end'; readonly trial_end: Time })
  | (OnSubscription & {
      readonly type: 'subscription.renewal_upcoming';
      readonly renews_at: Time;
      readonly currency: string;
      readonly amount: number;
    })
  | (OnSubscription &
      Periodic & {
        readonly type: 'subscription.renewal_invoiced';
        readonly billing_anchor: Time;
        readonly invoice_id: string;
        readonly due_at: Time;
        readonly valid_until: Time;
        readonly charge: Charge;
        readonly basis_amount: number;
      })
  | (OnSubscription &
      Periodic & {
        readonly type: 'subscription.renewed';
        readonly billing_anchor: Time;
        readonly valid_until: Time;
        readonly invoice_id: string | null;
      })
  | (OnSubscription & {
      readonly type: 'subscription.past_due';
      readonly invoice_id: string;
      readonly past_due_at: Time;
      readonly grace_until: Time;
      readonly reminder_days: readonly number[];
      readonly cancels_at: Time;
    })
  | (OnSubscription & { readonly type: 'subscription.reminded'; readonly invoice_id: string; readonly day: number })
  | (OnSubscription & {
      readonly type: 'subscription.grace_ended';
      readonly invoice_id: string;
      readonly past_due_at: Time;
    })
  | (OnSubscription &
      Periodic & {
        readonly type: 'subscription.recovered';
        readonly billing_anchor: Time;
        readonly valid_until: Time;
        readonly invoice_id: string;
      })
  | (OnSubscription &
      Periodic & {
        readonly type: 'subscription.plan_changed';
        readonly previous_plan_id: string;
        readonly previous_price_id: string | null;
        readonly previous_quantity: number;
        /** Usage from this moment on is charged by the new price. */
        readonly changed_at: Time;
        readonly interval: Interval | null;
        readonly billing_anchor: Time;
        readonly valid_until: Time;
        readonly invoice_id: string | null;
        readonly charge: Charge | null;
        readonly basis: Basis | null;
        readonly former: Former | null;
      })
  | (OnSubscription & {
      readonly type: 'subscription.change_scheduled';
      readonly effective_at: Time | null;
      readonly to_price_id: string | null;
      readonly change: ScheduledChange | null;
    })
  | (OnSubscription & {
      readonly type: 'subscription.change_refused';
      readonly to_price_id: string;
      readonly reason: string;
    })
  | (OnSubscription &
      Reasoned & {
        readonly type: 'subscription.cancellation_scheduled';
        readonly cancel_at_period_end: boolean;
        readonly ends_at: Time | null;
        readonly feedback: string | null;
      })
  | (OnSubscription &
      Reasoned & {
        readonly type: 'subscription.canceled';
        readonly canceled_at: Time;
        readonly valid_until: Time;
        readonly feedback: string | null;
        /** What was used and not charged yet; null = nothing. */
        readonly charge: Charge | null;
        /** Until when more usage may become known, which is charged then; null = none is awaited. */
        readonly usage_open_until: Time | null;
      })
  /** An invoice of the subscription cannot be issued until the merchant mends something; it is issued then. */
  | (OnSubscription & {
      readonly type: 'subscription.invoice_blocked';
      readonly invoice_id: string;
      /** Code of the refusal, such as `TAX_RATE_MISSING`. */
      readonly reason: string;
      /** Where a rate of tax is missing; null for other reasons. */
      readonly country: string | null;
    })
  /** Usage that became known after the end was charged. */
  | (OnSubscription & { readonly type: 'subscription.usage_settled'; readonly charge: Charge | null })
  | (OnSubscription & { readonly type: 'subscription.expired'; readonly reason: string; readonly expired_at: Time })
  | (OnSubscription & {
      readonly type: 'subscription.paused';
      readonly paused_at: Time;
      readonly resumes_at: Time | null;
    })
  | (OnSubscription &
      Periodic & {
        readonly type: 'subscription.unpaused';
        readonly billing_anchor: Time;
        readonly valid_until: Time;
      })
  | (OnSubscription & Reasoned & { readonly type: 'subscription.refunded'; readonly invoice_id: string })
  | (OnSubscription & {
      readonly type: 'subscription.disputed';
      readonly invoice_id: string;
      readonly dispute: 'opened' | 'won' | 'lost';
    })
  | (OnSubscription & {
      readonly type: 'subscription.discount_changed';
      readonly coupon_id: string | null;
      readonly discount: Discount | null;
    })
  /** It was given, or extended, without a payment. */
  | (OnSubscription & {
      readonly type: 'subscription.granted';
      readonly extended: boolean;
      readonly period_end: Time;
      readonly reason: string;
      readonly granted_by: string;
    })
  /** The provider that bills it was asked, and what it said differs from what was known: other events say how. */
  | (OnSubscription & {
      readonly type: 'subscription.observed';
      readonly provider_id: string;
      readonly invoice_id: string | null;
      readonly observed_at: Time;
    })
  /** Another invoice of a subscription that is past due is overdue too. */
  | (OnSubscription & { readonly type: 'subscription.invoice_missed'; readonly invoice_id: string })
  /** An invoice that changes nothing else was paid or voided. */
  | (OnSubscription & { readonly type: 'subscription.invoice_settled'; readonly invoice_id: string });

/** The facts that an event repeats, with the status after it. */
export const onSubscription = (
  { product_id, subscriber, customer_id, license_id, provider, plan_id, price_id, quantity }: SubscriptionTerms,
  status: SubscriptionStatus,
): OnSubscription => ({
  product_id,
  plan_id,
  price_id,
  subscriber,
  customer_id,
  license_id,
  quantity,
  provider,
  status,
});

/** What events charge: an invoice is issued for each. */
export const chargesOf = (events: readonly SubscriptionEvent[]): readonly Charge[] =>
  events.flatMap((event) => ('charge' in event && event.charge !== null ? [event.charge] : []));

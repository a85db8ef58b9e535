import type { Time } from '#domain/shared/time';

/** What licensing reads of the events of a subscription. Every event has these fields. */
export interface OfSubscription {
  readonly product_id: string;
  readonly plan_id: string;
  readonly subscriber: string;
  readonly customer_id: string;
  readonly license_id: string;
  readonly quantity: number;
  readonly status: string;
  readonly provider: string;
}

interface Term {
  readonly period_start: Time;
  readonly period_end: Time;
  readonly valid_until: Time;
}

/** The events of a subscription that change its license, with their own fields. */
export interface SubscriptionEvents {
  'subscription.activated': Term & { readonly trial: boolean; readonly recipient_sealed: string | null };
  'subscription.renewal_invoiced': Term;
  'subscription.renewed': Term;
  'subscription.recovered': Term;
  'subscription.unpaused': Term;
  'subscription.past_due': { readonly past_due_at: Time; readonly grace_until: Time };
  'subscription.grace_ended': object;
  'subscription.plan_changed': { readonly valid_until: Time };
  'subscription.canceled': { readonly reason: string | null; readonly valid_until: Time };
  'subscription.expired': { readonly reason: string };
  'subscription.paused': object;
  'subscription.refunded': object;
  'subscription.disputed': { readonly dispute: 'opened' | 'won' | 'lost' };
}
export type SubscriptionEventType = keyof SubscriptionEvents;

/** What licensing reads of `invoice.paid`. */
export interface PaidInvoice {
  readonly customer_id: string;
  /** null for a one-off invoice. */
  readonly subscription_id: string | null;
  readonly subscriber: string | null;
  readonly provider: string;
  readonly lines: readonly PaidLine[];
  readonly recipient_sealed: string | null;
}

export interface PaidLine {
  readonly line: number;
  readonly kind: string;
  readonly plan_id: string | null;
  readonly license_id: string | null;
  readonly quantity: number;
}

/** What licensing reads of `invoice.refunded`. */
export interface RefundedInvoice {
  readonly subscription_id: string | null;
  readonly full: boolean;
}

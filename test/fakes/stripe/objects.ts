/**
 * Stripe's objects as they go over the wire (API 2026-10-28.endive), with the fields that the fake reads. Fields that it only
 * shows are added where an object is made. Times are unix seconds, amounts in Stripe's units.
 */
export type Metadata = Record<string, string>;

export interface Thing {
  readonly id: string;
  readonly object: string;
}

interface Made extends Thing {
  readonly created: number;
  readonly livemode: boolean;
}

export interface List<T> {
  readonly object: 'list';
  data: T[];
  readonly has_more: boolean;
  readonly url: string;
}

export interface Address {
  readonly city: string | null;
  readonly country: string | null;
  readonly line1: string | null;
  readonly line2: string | null;
  readonly postal_code: string | null;
  readonly state: string | null;
}

export interface Product extends Made {
  active: boolean;
  name: string;
  description: string | null;
  metadata: Metadata;
  default_price: string | null;
  unit_label: string | null;
  tax_code: string | null;
  updated: number;
}

export interface Tier {
  readonly flat_amount: number | null;
  readonly flat_amount_decimal: string | null;
  readonly unit_amount: number | null;
  readonly unit_amount_decimal: string | null;
  readonly up_to: number | null;
}

export type Interval = 'day' | 'week' | 'month' | 'year';

export interface Recurring {
  readonly interval: Interval;
  readonly interval_count: number;
  readonly meter: string | null;
  readonly usage_type: 'licensed' | 'metered';
}

export interface Price extends Made {
  active: boolean;
  readonly billing_scheme: 'per_unit' | 'tiered';
  readonly currency: string;
  lookup_key: string | null;
  metadata: Metadata;
  nickname: string | null;
  readonly product: string;
  readonly recurring: Recurring | null;
  tax_behavior: 'exclusive' | 'inclusive' | 'unspecified';
  readonly tiers_mode: 'graduated' | 'volume' | null;
  readonly transform_quantity: { readonly divide_by: number; readonly round: 'up' | 'down' } | null;
  readonly type: 'one_time' | 'recurring';
  readonly unit_amount: number | null;
  readonly unit_amount_decimal: string | null;
}

export interface Coupon extends Made {
  readonly amount_off: number | null;
  readonly currency: string | null;
  readonly duration: 'forever' | 'once' | 'repeating';
  readonly duration_in_months: number | null;
  readonly max_redemptions: number | null;
  metadata: Metadata;
  name: string | null;
  readonly percent_off: number | null;
  readonly redeem_by: number | null;
  times_redeemed: number;
  valid: boolean;
}

export interface PromotionCode extends Made {
  active: boolean;
  readonly code: string;
  readonly customer: string | null;
  readonly expires_at: number | null;
  readonly max_redemptions: number | null;
  metadata: Metadata;
  readonly promotion: { readonly coupon: string; readonly type: 'coupon' };
  readonly restrictions: {
    readonly first_time_transaction: boolean;
    readonly minimum_amount: number | null;
    readonly minimum_amount_currency: string | null;
  };
  times_redeemed: number;
}

export interface Discount extends Thing {
  readonly promotion_code: string | null;
  readonly source: { readonly coupon: string; readonly type: 'coupon' };
  readonly start: number;
  readonly end: number | null;
  readonly subscription: string | null;
  readonly customer: string | null;
}

export interface TaxRate extends Made {
  active: boolean;
  readonly country: string | null;
  display_name: string;
  readonly inclusive: boolean;
  readonly percentage: number;
}

export interface Customer extends Made {
  address: Address | null;
  balance: number;
  currency: string | null;
  delinquent: boolean;
  description: string | null;
  email: string | null;
  invoice_prefix: string;
  invoice_settings: { default_payment_method: string | null };
  metadata: Metadata;
  name: string | null;
  next_invoice_sequence: number;
  phone: string | null;
  preferred_locales: string[];
  tax_exempt: 'none' | 'exempt' | 'reverse';
}

export interface TaxId extends Made {
  readonly country: string | null;
  readonly customer: string;
  readonly type: string;
  readonly value: string;
}

export interface BalanceTransaction extends Made {
  readonly amount: number;
  readonly customer: string;
  readonly ending_balance: number;
  readonly invoice: string | null;
  readonly type: string;
}

export interface PaymentMethod extends Made {
  customer: string | null;
  metadata: Metadata;
  readonly type: 'card' | 'sepa_debit';
  readonly card?: { readonly fingerprint: string; readonly last4: string; readonly brand: string };
}

export interface SetupIntent extends Made {
  readonly client_secret: string;
  readonly customer: string | null;
  metadata: Metadata;
  payment_method: string | null;
  last_setup_error: object | null;
  next_action: object | null;
  status:
    'canceled' | 'processing' | 'requires_action' | 'requires_confirmation' | 'requires_payment_method' | 'succeeded';
  readonly usage: 'on_session' | 'off_session';
}

export interface PaymentIntent extends Made {
  amount: number;
  amount_received: number;
  canceled_at: number | null;
  cancellation_reason: string | null;
  readonly client_secret: string;
  readonly currency: string;
  readonly customer: string | null;
  last_payment_error: object | null;
  latest_charge: string | null;
  metadata: Metadata;
  next_action: object | null;
  payment_method: string | null;
  readonly setup_future_usage: 'on_session' | 'off_session' | null;
  status:
    'canceled' | 'processing' | 'requires_action' | 'requires_confirmation' | 'requires_payment_method' | 'succeeded';
}

export interface Charge extends Made {
  readonly amount: number;
  amount_refunded: number;
  readonly currency: string;
  readonly customer: string | null;
  disputed: boolean;
  readonly paid: boolean;
  readonly payment_intent: string;
  refunded: boolean;
  readonly status: 'succeeded' | 'failed';
}

export interface Refund extends Thing {
  readonly amount: number;
  readonly charge: string;
  readonly created: number;
  readonly currency: string;
  failure_reason?: string;
  metadata: Metadata;
  readonly payment_intent: string;
  readonly reason: string | null;
  status: 'pending' | 'succeeded' | 'failed' | 'canceled' | 'requires_action';
}

export interface Dispute extends Made {
  readonly amount: number;
  readonly charge: string;
  readonly currency: string;
  is_charge_refundable: boolean;
  readonly payment_intent: string;
  readonly reason: string;
  status: 'needs_response' | 'under_review' | 'won' | 'lost' | 'warning_needs_response' | 'warning_closed';
}

export interface EarlyFraudWarning extends Made {
  readonly actionable: boolean;
  readonly charge: string;
  readonly fraud_type: string;
  readonly payment_intent: string;
}

export interface Tax {
  readonly amount: number;
  readonly tax_behavior: 'exclusive' | 'inclusive';
  readonly tax_rate_details: { readonly tax_rate: string };
  readonly taxability_reason: string;
  readonly taxable_amount: number;
  readonly type: 'tax_rate_details';
}

export interface Period {
  readonly start: number;
  readonly end: number;
}

export interface DiscountAmount {
  readonly amount: number;
  readonly discount: string;
}

export interface LineParent {
  readonly type: 'subscription_item_details' | 'invoice_item_details';
  readonly subscription_item_details: {
    readonly invoice_item: string | null;
    readonly proration: boolean;
    readonly proration_details: { readonly credited_items: null } | null;
    readonly subscription: string | null;
    readonly subscription_item: string;
  } | null;
  readonly invoice_item_details: {
    readonly invoice_item: string;
    readonly proration: boolean;
    readonly proration_details: null;
    readonly subscription: string | null;
  } | null;
}

export interface InvoiceLine extends Thing {
  readonly amount: number;
  readonly currency: string;
  readonly description: string | null;
  discount_amounts: DiscountAmount[];
  readonly discountable: boolean;
  readonly discounts: string[];
  invoice: string | null;
  readonly livemode: boolean;
  readonly metadata: Metadata;
  readonly parent: LineParent;
  readonly period: Period;
  readonly pricing: {
    readonly type: 'price_details';
    readonly price_details: { readonly price: string; readonly product: string };
    readonly unit_amount_decimal: string | null;
  } | null;
  readonly quantity: number | null;
  readonly subscription: string | null;
  readonly subtotal: number;
  taxes: Tax[];
}

export interface Invoice extends Made {
  amount_due: number;
  amount_overpaid: number;
  amount_paid: number;
  amount_remaining: number;
  attempt_count: number;
  attempted: boolean;
  auto_advance: boolean;
  automatically_finalizes_at: number | null;
  readonly billing_reason: 'subscription_create' | 'subscription_cycle' | 'subscription_update' | 'manual' | 'upcoming';
  readonly collection_method: 'charge_automatically' | 'send_invoice';
  readonly currency: string;
  readonly customer: string;
  default_payment_method: string | null;
  readonly discounts: string[];
  due_date: number | null;
  ending_balance: number | null;
  hosted_invoice_url: string | null;
  invoice_pdf: string | null;
  readonly lines: List<InvoiceLine>;
  metadata: Metadata;
  next_payment_attempt: number | null;
  number: string | null;
  readonly parent: {
    readonly type: 'subscription_details';
    readonly quote_details: null;
    readonly subscription_details: {
      readonly metadata: Metadata;
      readonly subscription: string;
      readonly subscription_proration_date?: number;
    };
  } | null;
  post_payment_credit_notes_amount: number;
  pre_payment_credit_notes_amount: number;
  starting_balance: number;
  status: 'draft' | 'open' | 'paid' | 'uncollectible' | 'void';
  status_transitions: {
    finalized_at: number | null;
    marked_uncollectible_at: number | null;
    paid_at: number | null;
    voided_at: number | null;
  };
  subtotal: number;
  total: number;
  total_discount_amounts: DiscountAmount[];
  total_excluding_tax: number;
  total_taxes: Tax[];
}

export interface InvoicePayment extends Made {
  amount_paid: number | null;
  readonly amount_requested: number;
  readonly currency: string;
  readonly invoice: string;
  readonly is_default: boolean;
  readonly payment: { readonly type: 'payment_intent'; readonly payment_intent: string };
  status: 'open' | 'paid' | 'canceled';
  status_transitions: { canceled_at: number | null; paid_at: number | null };
}

export interface InvoiceItem extends Thing {
  readonly amount: number;
  readonly currency: string;
  readonly customer: string;
  readonly description: string | null;
  invoice: string | null;
  readonly livemode: boolean;
  readonly metadata: Metadata;
  readonly period: Period;
  readonly proration: boolean;
  readonly quantity: number;
}

export interface CreditNote extends Made {
  readonly amount: number;
  readonly invoice: string;
  readonly number: string;
  readonly post_payment_amount: number;
  readonly pre_payment_amount: number;
  readonly reason: string | null;
  metadata: Metadata;
  status: 'issued' | 'void';
}

export interface SubscriptionItem extends Thing {
  readonly created: number;
  billed_until: number;
  current_period_start: number;
  current_period_end: number;
  discounts: string[];
  metadata: Metadata;
  price: Price;
  quantity?: number;
  readonly subscription: string;
}

export type SubscriptionStatus =
  'incomplete' | 'incomplete_expired' | 'trialing' | 'active' | 'past_due' | 'canceled' | 'unpaid' | 'paused';

export interface Subscription extends Made {
  automatic_tax: { readonly enabled: boolean; readonly disabled_reason: null; readonly liability: object | null };
  billing_cycle_anchor: number;
  billing_mode: {
    readonly type: 'classic' | 'flexible';
    readonly flexible: { readonly proration_discounts: 'included' | 'itemized' } | null;
    readonly updated_at?: number;
  };
  cancel_at: number | null;
  cancel_at_period_end: boolean;
  canceled_at: number | null;
  cancellation_details: { comment: string | null; feedback: string | null; reason: string | null };
  readonly collection_method: 'charge_automatically' | 'send_invoice';
  readonly currency: string;
  readonly customer: string;
  readonly days_until_due: number | null;
  default_payment_method: string | null;
  default_tax_rates: TaxRate[];
  description: string | null;
  discounts: string[];
  ended_at: number | null;
  items: List<SubscriptionItem>;
  latest_invoice: string | null;
  metadata: Metadata;
  pause_collection: {
    readonly behavior: 'void' | 'keep_as_draft' | 'mark_uncollectible';
    readonly resumes_at: number | null;
  } | null;
  payment_settings: { readonly save_default_payment_method: 'off' | 'on_subscription' | null };
  pending_setup_intent: string | null;
  pending_update: PendingUpdate | null;
  schedule: string | null;
  readonly start_date: number;
  status: SubscriptionStatus;
  status_details?: {
    readonly paused: {
      readonly type: 'subscription';
      readonly transitioned_at: number;
      readonly subscription: { readonly type: string };
    };
  };
  trial_end: number | null;
  trial_settings: {
    readonly end_behavior: {
      readonly billing_cycle_anchor: null;
      readonly missing_payment_method: 'cancel' | 'create_invoice' | 'pause';
    };
  };
  trial_start: number | null;
}

export interface PendingUpdate {
  readonly expires_at: number;
  readonly subscription_items: SubscriptionItem[];
  readonly billing_cycle_anchor: number | null;
  readonly trial_end: number | null;
  readonly metadata: Metadata | null;
}

export interface PhaseItem {
  readonly price: string;
  readonly quantity?: number;
}

export interface SchedulePhase {
  readonly currency: string;
  readonly start_date: number;
  readonly end_date: number;
  readonly items: readonly PhaseItem[];
  readonly metadata: Metadata;
  readonly proration_behavior: 'create_prorations' | 'always_invoice' | 'none';
}

export interface Schedule extends Made {
  canceled_at: number | null;
  completed_at: number | null;
  current_phase: { readonly start_date: number; readonly end_date: number } | null;
  readonly customer: string;
  end_behavior: 'release' | 'cancel';
  metadata: Metadata;
  phases: SchedulePhase[];
  released_at: number | null;
  released_subscription: string | null;
  status: 'active' | 'canceled' | 'completed' | 'released';
  subscription: string | null;
}

export interface CheckoutSession extends Made {
  readonly allow_promotion_codes: boolean | null;
  amount_subtotal: number | null;
  amount_total: number | null;
  readonly client_reference_id: string | null;
  readonly currency: string | null;
  customer: string | null;
  customer_details: object | null;
  customer_email: string | null;
  readonly expires_at: number;
  invoice: string | null;
  metadata: Metadata;
  readonly mode: 'payment' | 'setup' | 'subscription';
  payment_intent: string | null;
  readonly payment_method_collection: 'always' | 'if_required' | null;
  payment_status: 'no_payment_required' | 'paid' | 'unpaid';
  setup_intent: string | null;
  status: 'complete' | 'expired' | 'open';
  subscription: string | null;
  readonly success_url: string | null;
  url: string | null;
}

export interface Meter extends Made {
  default_aggregation: { readonly formula: 'count' | 'last' | 'sum' };
  readonly customer_mapping: { readonly event_payload_key: string; readonly type: 'by_id' };
  readonly value_settings: { readonly event_payload_key: string };
  display_name: string;
  readonly event_name: string;
  status: 'active' | 'inactive';
  status_transitions: { deactivated_at: number | null };
  updated: number;
}

export interface WebhookEndpoint extends Made {
  readonly api_version: string | null;
  description: string | null;
  enabled_events: string[];
  metadata: Metadata;
  status: 'enabled' | 'disabled';
  url: string;
}

export interface EventDestination extends Thing {
  readonly created: string;
  updated: string;
  description: string;
  enabled_events: string[];
  readonly event_payload: 'thin';
  readonly livemode: boolean;
  metadata: Metadata;
  name: string;
  status: 'enabled' | 'disabled';
  readonly type: 'webhook_endpoint';
  webhook_endpoint: { url: string };
}

/** A snapshot event. */
export interface SnapshotEvent extends Made {
  readonly object: 'event';
  readonly api_version: string;
  readonly data: { readonly object: object; readonly previous_attributes?: object };
  readonly pending_webhooks: number;
  readonly request: { readonly id: string | null; readonly idempotency_key: string | null };
  readonly type: string;
}

/** A thin event, as `GET /v2/core/events/{id}` gives it; deliveries leave out `data`. */
export interface ThinEvent extends Thing {
  readonly object: 'v2.core.event';
  readonly created: string;
  readonly livemode: boolean;
  readonly type: string;
  readonly context?: string;
  readonly related_object: { readonly id: string; readonly type: string; readonly url: string } | null;
  readonly data: object;
}

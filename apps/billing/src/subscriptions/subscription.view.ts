import type { Subscription as SubscriptionState } from '#domain/billing/subscription/subscription';
import type { Subscription } from './subscription.endpoints.ts';

/** What a page needs to complete the first payment; all null when there is nothing to complete. */
export interface FirstPayment {
  readonly client_secret: string | null;
  readonly payment_id: string | null;
  readonly checkout_url: string | null;
}

export const NO_PAYMENT: FirstPayment = { client_secret: null, payment_id: null, checkout_url: null };

/** The API's form of a subscription. */
export const viewSubscription = (
  id: string,
  state: SubscriptionState,
  updated_at: string,
  payment: FirstPayment = NO_PAYMENT,
): Subscription => {
  const { subscriber, customer_id, product_id, plan_id, price_id, quantity, status, biller, provider } = state;
  const { provider_id, billing_anchor, cancel_at_period_end, canceled_at, paused_at, resumes_at } = state;
  const { pending_until, license_id, latest_invoice_id, po_number, metadata, created_at } = state;
  return {
    id,
    subscriber,
    customer_id,
    product_id,
    plan_id,
    price_id,
    quantity,
    status,
    biller,
    provider,
    provider_id,
    ...payment,
    current_period_start: state.period?.start ?? null,
    current_period_end: state.period?.end ?? null,
    billing_anchor,
    trial_start: state.trial?.start ?? null,
    trial_end: state.trial?.end ?? null,
    cancel_at_period_end,
    canceled_at,
    paused_at,
    resumes_at,
    past_due_at: state.past_due?.at ?? null,
    grace_until: state.past_due?.grace_until ?? null,
    pending_until,
    license_id,
    latest_invoice_id,
    pending_change: state.pending_change,
    discount: discountOf(state),
    po_number,
    metadata,
    created_at,
    updated_at,
  };
};

const discountOf = ({ discount }: SubscriptionState): Subscription['discount'] => {
  if (discount === null) return null;
  const { coupon_id, name, percent_off, amount_off, duration, months } = discount;
  return { coupon_id, name, percent_off, amount_off, duration, months };
};

/** When a subscription that is paid by invoice begins: with its first payment, or with its first invoice. */
export const ACTIVATE_ON = ['payment', 'invoice'] as const;
export type ActivateOn = (typeof ACTIVATE_ON)[number];

/** What happens to a license when its subscription has ended. `keep`: it works without an end, and its updates end. */
export const END_POLICIES = ['expire', 'suspend', 'keep'] as const;
export type EndPolicy = (typeof END_POLICIES)[number];

/** What happens to a license when the payment of its present period, or of its purchase, is refunded in full. */
export const REFUND_POLICIES = ['revoke', 'suspend', 'keep'] as const;
export type RefundPolicy = (typeof REFUND_POLICIES)[number];

/** What happens to a license while a payment is disputed. `revoke` happens when the dispute is lost; until then it is suspended. */
export const DISPUTE_POLICIES = ['suspend', 'revoke', 'keep'] as const;
export type DisputePolicy = (typeof DISPUTE_POLICIES)[number];

/** What happens to a license while its subscription is paused. */
export const PAUSE_POLICIES = ['suspend', 'keep'] as const;
export type PausePolicy = (typeof PAUSE_POLICIES)[number];

/** What happens when a payment arrives after its subscription has ended without it. */
export const LATE_PAYMENT_POLICIES = ['reactivate', 'refund'] as const;
export type LatePaymentPolicy = (typeof LATE_PAYMENT_POLICIES)[number];

/** How the subscriptions of a plan, and their licenses, follow the money. */
export interface BillingPolicies {
  readonly activate_on: ActivateOn;
  readonly end_policy: EndPolicy;
  readonly refund_policy: RefundPolicy;
  readonly dispute_policy: DisputePolicy;
  readonly pause_policy: PausePolicy;
  readonly late_payment_policy: LatePaymentPolicy;
}

/** Defaults of policies that are left out, and the policies of plans from before there were any. */
export const BILLING_POLICY_DEFAULTS = {
  activate_on: 'payment',
  end_policy: 'expire',
  refund_policy: 'revoke',
  dispute_policy: 'suspend',
  pause_policy: 'suspend',
  late_payment_policy: 'reactivate',
} as const satisfies BillingPolicies;

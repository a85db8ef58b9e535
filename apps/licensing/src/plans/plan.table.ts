import type { BillingInterval } from '#domain/licensing/plan/billing-interval';
import type { LicenseModel, LicenseType } from '#domain/licensing/plan/plan';
import type { BoundIdentity } from '#domain/licensing/plan/plan.activation-rules';
import {
  type ActivateOn,
  BILLING_POLICY_DEFAULTS,
  type DisputePolicy,
  type EndPolicy,
  type LatePaymentPolicy,
  type PausePolicy,
  type RefundPolicy,
} from '#domain/licensing/plan/plan.billing-policies';
import type { RenewalBasis, TermStart } from '#domain/licensing/plan/plan.term-rules';
import { boolean, integer, text, time } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** Plans as they are listed. Rules are decided from their streams. */
export const plansTable = defineTable(
  'plans',
  {
    id: text().key(),
    version: integer(),
    product_id: text(),
    checkout_id: text(),
    name: text(),
    slug: text(),
    license_type: text<LicenseType>(),
    license_model: text<LicenseModel>(),
    billing_interval: text<BillingInterval>().orNull(),
    max_activations: integer().orNull(),
    max_seats: integer().orNull(),
    trial_days: integer(),
    grace_days: integer(),
    floating_timeout: integer(),
    max_borrow_days: integer(),
    sort_order: integer(),
    active: boolean(),
    term_starts: text<TermStart>(),
    renewal_from: text<RenewalBasis>(),
    updates_days: integer().orNull(),
    fingerprint_lock: boolean(),
    bound_identity: text<BoundIdentity>().orNull(),
    activation_ttl_days: integer().orNull(),
    max_deactivations: integer().orNull(),
    deactivation_period_days: integer(),
    activate_on: text<ActivateOn>().default(BILLING_POLICY_DEFAULTS.activate_on),
    end_policy: text<EndPolicy>().default(BILLING_POLICY_DEFAULTS.end_policy),
    refund_policy: text<RefundPolicy>().default(BILLING_POLICY_DEFAULTS.refund_policy),
    dispute_policy: text<DisputePolicy>().default(BILLING_POLICY_DEFAULTS.dispute_policy),
    pause_policy: text<PausePolicy>().default(BILLING_POLICY_DEFAULTS.pause_policy),
    late_payment_policy: text<LatePaymentPolicy>().default(BILLING_POLICY_DEFAULTS.late_payment_policy),
    created_at: time(),
    updated_at: time(),
  },
  {
    uniques: [
      { name: 'plans_checkout_id', columns: ['checkout_id'] },
      { name: 'plans_slug', columns: ['product_id', 'slug'] },
    ],
    indices: [
      { name: 'plans_activation_ttl_days', columns: ['activation_ttl_days'], where: 'activation_ttl_days is not null' },
    ],
  },
);

export type PlanRow = RowOf<typeof plansTable>;

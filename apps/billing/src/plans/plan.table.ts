import {
  type ActivateOn,
  BILLING_POLICY_DEFAULTS,
  type DisputePolicy,
  type EndPolicy,
  type LatePaymentPolicy,
  type PausePolicy,
  type RefundPolicy,
} from '#domain/licensing/plan/plan.billing-policies';
import { boolean, integer, text } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** The columns of plans that billing needs; licensing owns the plans. */
export const plansTable = defineTable(
  'plans',
  {
    id: text().key(),
    version: integer(),
    product_id: text(),
    name: text(),
    slug: text(),
    license_type: text(),
    /** Null for a plan that is paid once. */
    billing_interval: text().orNull(),
    trial_days: integer(),
    grace_days: integer(),
    active: boolean(),
    max_activations: integer().orNull(),
    max_seats: integer().orNull(),
    updates_days: integer().orNull(),
    activate_on: text<ActivateOn>().default(BILLING_POLICY_DEFAULTS.activate_on),
    end_policy: text<EndPolicy>().default(BILLING_POLICY_DEFAULTS.end_policy),
    refund_policy: text<RefundPolicy>().default(BILLING_POLICY_DEFAULTS.refund_policy),
    dispute_policy: text<DisputePolicy>().default(BILLING_POLICY_DEFAULTS.dispute_policy),
    pause_policy: text<PausePolicy>().default(BILLING_POLICY_DEFAULTS.pause_policy),
    late_payment_policy: text<LatePaymentPolicy>().default(BILLING_POLICY_DEFAULTS.late_payment_policy),
  },
  { indices: [{ name: 'plans_product_id', columns: ['product_id'] }] },
);

export type PlanRow = RowOf<typeof plansTable>;

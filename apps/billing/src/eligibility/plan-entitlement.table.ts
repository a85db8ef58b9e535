import type { EntitlementValue, ValueType } from '#domain/licensing/entitlements/entitlement';
import { boolean, integer, json, text } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** Billing's copy of what plans include; licensing owns it. */
export const planEntitlementsTable = defineTable(
  'plan_entitlements',
  {
    /** `<plan_id>/<feature>` */
    id: text().key(),
    /** The version of the plan in licensing. */
    version: integer(),
    plan_id: text(),
    feature: text(),
    value_type: text<ValueType>(),
    value: json<EntitlementValue>().orNull(),
    /** The meter at Stripe that its usage is reported to. */
    stripe_meter_event_name: text().orNull(),
    /** It was taken out of the plan. The row stays, so that an event that arrives again does not bring it back. */
    removed: boolean(),
  },
  { indices: [{ name: 'plan_entitlements_plan_id', columns: ['plan_id'] }] },
);

export type PlanEntitlementRow = RowOf<typeof planEntitlementsTable>;

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
  },
  { indices: [{ name: 'plans_product_id', columns: ['product_id'] }] },
);

export type PlanRow = RowOf<typeof plansTable>;

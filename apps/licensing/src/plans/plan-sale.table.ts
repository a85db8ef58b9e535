import { boolean, integer, text } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** What billing sells of plans: its prices and subscriptions. A plan that one of them refers to is in use. */
export const planSalesTable = defineTable(
  'plan_sales',
  {
    /** Of the price or the subscription. */
    id: text().key(),
    /** Its version in billing. */
    version: integer(),
    plan_id: text(),
    kind: text<'price' | 'subscription'>(),
    /** false = a subscription that has ended. Its row stays, so that an event that arrives again does not bring it back. */
    live: boolean(),
  },
  { indices: [{ name: 'plan_sales_plan_id', columns: ['plan_id'], where: 'live' }] },
);

export type PlanSaleRow = RowOf<typeof planSalesTable>;

import type { Description, LicenseStatus, UnheldStatus } from '#domain/licensing/license/license';
import { integer, json, text, time } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** Licenses as they are listed and searched. Rules are decided from their streams. */
export const licensesTable = defineTable(
  'licenses',
  {
    id: text().key(),
    version: integer(),
    product_id: text(),
    plan_id: text(),
    customer_id: text(),
    email: text().orNull(),
    name: text().orNull(),
    org_name: text().orNull(),
    external_customer_id: text().orNull(),
    external_workspace_id: text().orNull(),
    status: text<LicenseStatus>(),
    /** The status that a suspended license returns to. */
    resumes_as: text<UnheldStatus>(),
    valid_from: time(),
    valid_until: time().orNull(),
    /** null while the term waits for the first activation. */
    term_started_at: time().orNull(),
    /** The ends of terms are calculated from this time. */
    term_anchor: time().orNull(),
    updates_until: time().orNull(),
    /** When the scheduler must process the license next; null = never. */
    due_at: time().orNull(),
    key_hash: text(),
    activations: integer(),
    /** The subscription that gives the license its term. */
    subscription_id: text().orNull(),
    payment_provider: text().orNull(),
    /** The invoice that it was bought with once. */
    invoice_id: text().orNull(),
    quantity: integer().default(1),
    past_due_at: time().orNull(),
    notes: text().orNull(),
    metadata: json<Description['metadata']>(),
  },
  {
    uniques: [{ name: 'licenses_key_hash', columns: ['key_hash'] }],
    indices: [
      { name: 'licenses_due_at', columns: ['due_at'], where: 'due_at is not null' },
      { name: 'licenses_product_id', columns: ['product_id', 'id'] },
      { name: 'licenses_plan_id', columns: ['plan_id', 'id'] },
      // On lower(email): TypeORM has no indexes on expressions.
      { name: 'licenses_email', columns: ['email', 'id'], synchronize: false },
      { name: 'licenses_external_customer_id', columns: ['external_customer_id', 'id'] },
      { name: 'licenses_subscription_id', columns: ['subscription_id', 'id'], where: 'subscription_id is not null' },
      { name: 'licenses_invoice_id', columns: ['invoice_id', 'id'], where: 'invoice_id is not null' },
    ],
  },
);

export type LicenseRow = RowOf<typeof licensesTable>;

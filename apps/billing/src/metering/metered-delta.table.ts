import type { Aggregation } from '#domain/billing/price/price.terms';
import type { MeteringStatus } from '#domain/billing/metering/reporting';
import { bigint, integer, text, time } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/**
 * Usage that is to be reported to meters of providers, and what became of it. Not projected from events: a report cannot be taken
 * back, so a rebuild must not touch it. Rows are written in the transaction of the checkpoint that their usage arrives with.
 */
export const meteredDeltasTable = defineTable(
  'metered_deltas',
  {
    id: text().key(),
    product_id: text(),
    license_id: text(),
    subscription_id: text(),
    customer_id: text(),
    feature: text(),
    meter_event_name: text(),
    aggregation: text<Aggregation>(),
    /** null = a final number that is counted when it is handed out. */
    quantity: bigint().orNull(),
    /** The period that the usage is billed in. */
    period_start: time(),
    /** null = it never ends. */
    period_end: time().orNull(),
    /** The start of the minute, or of the period, whose usage it is. */
    collects: time(),
    /** The minute in which the meter gets it: no other delta of the customer and the meter has it. */
    minute: time(),
    /** The time of its latest record, and the version of its last one. */
    last_at: time(),
    last_version: integer(),
    status: text<MeteringStatus>(),
    /** When it was first handed out to be reported: since then its quantity is final. */
    taken_at: time().orNull(),
    attempts: integer(),
    last_error: text().orNull(),
    /** null = it was reported, or is dead. */
    next_attempt_at: time().orNull(),
    synced_at: time().orNull(),
    /** What the provider calls it. */
    external_id: text().orNull(),
  },
  {
    uniques: [{ name: 'metered_deltas_minute', columns: ['customer_id', 'meter_event_name', 'minute'] }],
    indices: [
      { name: 'metered_deltas_collects', columns: ['license_id', 'feature', 'collects'] },
      { name: 'metered_deltas_last_version', columns: ['license_id', 'feature', 'last_version'] },
      { name: 'metered_deltas_license_id', columns: ['license_id', 'id'] },
      { name: 'metered_deltas_status', columns: ['status', 'id'] },
      { name: 'metered_deltas_due', columns: ['next_attempt_at', 'id'], where: 'next_attempt_at is not null' },
    ],
  },
);

export type MeteredDeltaRow = RowOf<typeof meteredDeltasTable>;

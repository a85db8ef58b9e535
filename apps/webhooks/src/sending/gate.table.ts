import { integer, text, time, timeOrInfinity } from '#platform/database/column';
import { defineTable } from '#platform/database/table';

/**
 * Gates hold back deliveries to an endpoint: its rate limit, for which all instances lock this row in turn, and its circuit, which is open
 * while `opened_at` is set. A row is made when an endpoint first needs it; no row = nothing is held back. The table is not projected from
 * events: the service itself writes it.
 */
export const gatesTable = defineTable('delivery_gates', {
  endpoint_id: text().key(),
  /** The rate limit allows no attempt before then. */
  next_slot: timeOrInfinity().default('-infinity'),
  /** Failed attempts since the last success. */
  failures: integer().default(0),
  opened_at: time().orNull(),
  /** Failed probes since the circuit opened. */
  failed_probes: integer().default(0),
  next_probe_at: time().orNull(),
  /** Until then a probe counts as under way; its process may have died. */
  probing_until: time().orNull(),
  /** When the present run of failed attempts began, and when the last of them was. */
  failing_since: time().orNull(),
  failed_at: time().orNull(),
});

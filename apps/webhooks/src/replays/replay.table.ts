import { bigint, text, time } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

export const REPLAY_STATUSES = ['running', 'paused', 'completed', 'canceled'] as const;
export type ReplayStatus = (typeof REPLAY_STATUSES)[number];

/** `everything`: all events that the webhook wants; `failed`: deliveries that have failed for good. */
export type ReplayKind = 'everything' | 'failed';

/** Replays, running and ended. The table is not projected from events: the service itself writes it. */
export const replaysTable = defineTable(
  'replays',
  {
    id: text().key(),
    endpoint_id: text(),
    kind: text<ReplayKind>(),
    /** For `failed`: deliveries that failed since then. */
    failed_since: time().orNull(),
    /** Events with positions above `from_position` - 1, up to `to_position`. */
    from_position: bigint(),
    to_position: bigint(),
    /** Everything up to this position has been queued or skipped. */
    position: bigint(),
    status: text<ReplayStatus>(),
    created_at: time().default(() => 'now()'),
    finished_at: time().orNull(),
  },
  {
    checks: [
      { name: 'replays_kind_check', expression: "kind in ('everything', 'failed')" },
      { name: 'replays_status_check', expression: "status in ('running', 'paused', 'completed', 'canceled')" },
    ],
    indices: [
      { name: 'replays_of_endpoint', columns: ['endpoint_id', 'id'] },
      // Two replays of one webhook at once would send the same events twice.
      { name: 'replays_under_way', columns: ['endpoint_id'], unique: true, where: "status in ('running', 'paused')" },
    ],
  },
);

export type ReplayRow = RowOf<typeof replaysTable>;

import { bigint, boolean, integer, text, time, uuid } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

export const DELIVERY_STATUSES = ['pending', 'succeeded', 'failed'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** Notification channel: names of lanes that have a due delivery, separated by spaces; empty = any lane. */
export const DUE_CHANNEL = 'webhooks_due';

/**
 * Key of the advisory lock under which deliveries join and leave the queues of ordered endpoints. Without it, a delivery could join behind
 * one that is just leaving, and wait for ever.
 */
export const QUEUE_LOCK = 7_150_461_903;

// The three tables are not projected from events: the service itself writes them. They are partitioned by day (history/days.ts).

/** Events to send. */
export const outgoingEventsTable = defineTable(
  'outgoing_events',
  {
    /** Ascends in the order of commits: it is drawn under the lock of queues. */
    position: bigint().default(() => "nextval('event_positions')"),
    day: integer().key(),
    event_id: text().key(),
    type: text(),
    /** As it is sent, byte for byte. */
    body: text(),
    /** The webhook that a test event is for. */
    only_for: text().orNull(),
    taken_at: time().default(() => 'now()'),
  },
  { indices: [{ name: 'outgoing_events_in_order', columns: ['position'] }] },
);

export const deliveriesTable = defineTable(
  'deliveries',
  {
    id: text().key(),
    /** Of the event. */
    day: integer().key(),
    /** The event's position. */
    seq: bigint(),
    endpoint_id: text(),
    event_id: text(),
    event_type: text(),
    subject: text().orNull(),
    /** Of ordered endpoints: deliveries of one queue go out one after the other. */
    queue: text().orNull(),
    status: text<DeliveryStatus>(),
    /** Attempts since it was last queued. */
    attempts: integer().default(0),
    /** Status of the last answer. */
    response_status: integer().orNull(),
    /** null while it waits behind another of its queue, and when it is done. */
    due_at: time().orNull(),
    claimed_by: uuid().orNull(),
    claimed_until: time().orNull(),
    /** A replay queued it: live deliveries go first. */
    replayed: boolean().default(false),
    /** The replay that queued it last, and its status before. */
    replay_id: text().orNull(),
    replay_of: text<DeliveryStatus>().orNull(),
    /** false: it has failed, and the event about that is still to be appended. */
    announced: boolean().default(true),
    created_at: time().default(() => 'now()'),
    settled_at: time().orNull(),
  },
  {
    checks: [{ name: 'deliveries_status_check', expression: "status in ('pending', 'succeeded', 'failed')" }],
    indices: [
      { name: 'deliveries_of_endpoint', columns: ['endpoint_id', 'seq', 'day'], unique: true },
      {
        name: 'deliveries_open',
        columns: ['endpoint_id', 'replayed', 'due_at', 'seq'],
        where: "status = 'pending' and due_at is not null",
      },
      {
        name: 'deliveries_in_queue',
        columns: ['endpoint_id', 'queue', 'seq'],
        where: "status = 'pending' and queue is not null",
      },
      { name: 'deliveries_not_arrived', columns: ['endpoint_id', 'status', 'seq'], where: "status <> 'succeeded'" },
      { name: 'deliveries_of_replay', columns: ['replay_id', 'status'], where: 'replay_id is not null' },
      { name: 'deliveries_to_announce', columns: ['id'], where: 'not announced' },
    ],
  },
);

export type DeliveryRow = RowOf<typeof deliveriesTable>;

export const attemptsTable = defineTable('attempts', {
  delivery_id: text().key(),
  /** Of the event. */
  day: integer().key(),
  at: time().key(),
  /** Version of the webhook at the time. */
  endpoint_version: integer(),
  duration_ms: integer(),
  response_status: integer().orNull(),
  response_body: text().orNull(),
  error: text().orNull(),
  /** In which way an answer was not HTTP/1.1. */
  error_detail: text().orNull(),
});

export type AttemptRow = RowOf<typeof attemptsTable>;

import type { SealedColumn } from '#platform/crypto/sealed-column';
import { boolean, integer, json, text, time } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';
import type { EventShape, ForeignReason } from './door.ts';

/** `failed`: it is tried again; `dead`: only an operator has it tried again. */
export const PROVIDER_EVENT_STATUSES = ['received', 'applied', 'ignored', 'waiting', 'failed', 'dead'] as const;
export type ProviderEventStatus = (typeof PROVIDER_EVENT_STATUSES)[number];

/**
 * Events that payment providers sent, and what became of them. Not projected from events: they come from outside, and a rebuild
 * must not apply them again.
 */
export const providerEventsTable = defineTable(
  'provider_events',
  {
    id: text().key(),
    provider: text(),
    event_id: text(),
    type: text(),
    object_kind: text().orNull(),
    object_id: text().orNull(),
    /** Events with the same order_key are applied one after another: those of one object. */
    order_key: text(),
    account: text().orNull(),
    livemode: boolean(),
    /** By the provider's clock. */
    created_at: time(),
    api_version: text().orNull(),
    shape: text<EventShape>(),
    /** The body, sealed: it has personal data. null = it was purged. */
    payload: text().orNull(),
    /** How often it was sent. */
    deliveries: integer(),
    status: text<ProviderEventStatus>(),
    /** Why it is not ours. */
    reason: text<ForeignReason>().orNull(),
    /** What was done. */
    effect: json<readonly string[]>(),
    waits_for: text().orNull(),
    attempts: integer(),
    last_error: text().orNull(),
    /** null = it is not tried again by itself. */
    next_attempt_at: time().orNull(),
    /** It is dead if it is still not applied then. */
    give_up_at: time(),
    received_at: time(),
    applied_at: time().orNull(),
  },
  {
    uniques: [{ name: 'provider_events_event_id', columns: ['provider', 'event_id'] }],
    indices: [
      { name: 'provider_events_provider', columns: ['provider', 'id'] },
      { name: 'provider_events_status', columns: ['status', 'id'] },
      {
        name: 'provider_events_due',
        columns: ['provider', 'next_attempt_at'],
        where: 'next_attempt_at is not null',
      },
      {
        name: 'provider_events_order_key',
        columns: ['order_key', 'created_at', 'id'],
        where: 'next_attempt_at is not null',
      },
      { name: 'provider_events_waits_for', columns: ['provider', 'waits_for'], where: 'waits_for is not null' },
      { name: 'provider_events_payload', columns: ['received_at'], where: 'payload is not null' },
    ],
  },
);

export type ProviderEventRow = RowOf<typeof providerEventsTable>;

/** Purpose of the key that payloads are sealed under. */
export const PAYLOAD_PURPOSE = 'provider-event';

export const SEALED_PAYLOADS: SealedColumn = {
  table: 'provider_events',
  key: 'id',
  column: 'payload',
  purpose: PAYLOAD_PURPOSE,
  context: (id) => id,
};

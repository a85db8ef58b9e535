import type { EndpointSettings } from '#domain/webhooks/webhook-endpoint/settings';
import type { DisabledReason, Ordering, SigningKey } from '#domain/webhooks/webhook-endpoint/webhook-endpoint';
import { boolean, integer, json, text, time } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** A stored secret. */
export interface KeptSecret {
  readonly sealed: string;
  /** The Ed25519 key made with it. */
  readonly signing_key: SigningKey;
  /** RFC 3339; null for the current secret. */
  readonly valid_until: string | null;
}

/** Endpoints that are not deleted, projected from their streams. */
export const endpointsTable = defineTable(
  'webhook_endpoints',
  {
    id: text().key(),
    version: integer(),
    product_id: text().orNull(),
    url: text(),
    description: text().orNull(),
    events: json<readonly string[]>(),
    ordering: text<Ordering>(),
    active: boolean(),
    disabled_reason: text<DisabledReason>().orNull(),
    /** When it was last disabled, even if it has been enabled since. */
    disabled_at: time().orNull(),
    /** The current secret first, then replaced secrets that are still valid, newest first. */
    secrets: json<readonly KeptSecret[]>(),
    settings: json<EndpointSettings>(),
    created_at: time(),
  },
  {
    checks: [{ name: 'webhook_endpoints_ordering_check', expression: "ordering in ('none', 'by_subject', 'strict')" }],
  },
);

export type EndpointRow = RowOf<typeof endpointsTable>;

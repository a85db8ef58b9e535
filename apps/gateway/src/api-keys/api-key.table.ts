import type { ApiKeyScope } from '#domain/identity/api-key/api-key';
import { integer, json, text, time } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** API keys, projected from their streams. */
export const apiKeysTable = defineTable(
  'api_keys',
  {
    id: text().key(),
    version: integer(),
    name: text(),
    scopes: json<readonly ApiKeyScope[]>(),
    product_id: text().orNull(),
    prefix: text(),
    hash: text(),
    created_at: time(),
    revoked_at: time().orNull(),
  },
  { indices: [{ name: 'api_keys_hash', columns: ['hash'], unique: true }] },
);

export type ApiKeyRow = RowOf<typeof apiKeysTable>;

/** Last uses of API keys. They are not events, since there are thousands of uses per second. */
export const apiKeyUsesTable = defineTable('api_key_uses', {
  api_key_id: text().key(),
  last_used: time(),
  last_used_ip: text(),
});

export type ApiKeyUseRow = RowOf<typeof apiKeyUsesTable>;

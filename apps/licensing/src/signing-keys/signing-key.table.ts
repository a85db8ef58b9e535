import { json, text, time, timeOrInfinity } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/**
 * Keys that sign leases and signed license keys. Their stream says when a key signs and when it retires; the table keeps the
 * private halves, which no event may hold, so that they can be deleted.
 */
export const signingKeysTable = defineTable('signing_keys', {
  kid: text().key(),
  public_jwk: json<{ readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string }>(),
  /** null once the key signs nothing any more. */
  private_sealed: text().orNull(),
  created_at: time().default(() => 'now()'),
  /** Until when something that it signed is valid, beyond leases of the usual length. */
  good_until: timeOrInfinity().orNull(),
});

export type SigningKeyRow = RowOf<typeof signingKeysTable>;

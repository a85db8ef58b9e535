import { json, text, time, timeOrInfinity } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/**
 * Keys that sign leases and signed license keys. Their stream records when a key signs and when it is retired. The table holds
 * the private halves, because events must not contain them and they must be deletable.
 */
export const signingKeysTable = defineTable('signing_keys', {
  kid: text().key(),
  public_jwk: json<{ readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string }>(),
  /** null once the key no longer signs. */
  private_sealed: text().orNull(),
  created_at: time().default(() => 'now()'),
  /** Latest expiry of anything that it signed, if later than that of a usual lease. */
  good_until: timeOrInfinity().orNull(),
});

export type SigningKeyRow = RowOf<typeof signingKeysTable>;

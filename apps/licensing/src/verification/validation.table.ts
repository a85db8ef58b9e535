import type { VerificationCode } from '#domain/licensing/license/verify';
import { bigint, text, time } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/**
 * The validation log. It is written in batches, outside the event log. It has one index and no primary key, so that writes stay
 * cheap.
 */
export const validationsTable = defineTable(
  'validations',
  {
    id: bigint().generated().key(),
    at: time(),
    code: text<VerificationCode>(),
    result: text(),
    license_id: text().orNull(),
    product_id: text().orNull(),
    fingerprint_hash: text().orNull(),
    ip: text().orNull(),
    user_agent: text().orNull(),
  },
  { indices: [{ name: 'validations_license', columns: ['license_id', 'id'] }] },
);

export type ValidationRow = RowOf<typeof validationsTable>;

/** When each device or user of a license was last found valid. */
export const activationUsesTable = defineTable('activation_uses', {
  license_id: text().key(),
  identifier_hash: text().key(),
  last_verified: time(),
});

export type ActivationUseRow = RowOf<typeof activationUsesTable>;

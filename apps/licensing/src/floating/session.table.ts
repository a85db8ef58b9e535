import { integer, text, time } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** Floating sessions as they are listed, including ended sessions. */
export const sessionsTable = defineTable(
  'floating_sessions',
  {
    id: text().key(),
    /** Version of the last event about this session, in the stream of the sessions of the license. */
    version: integer(),
    /** Version of the event that began it, in the same stream. */
    begun_in: integer(),
    license_id: text(),
    product_id: text(),
    identifier: text().orNull(),
    identifier_hash: text(),
    label: text().orNull(),
    checked_out_at: time(),
    renewed_at: time(),
    expires_at: time(),
    borrowed_until: time().orNull(),
    /** null while no event has ended it. */
    ended_at: time().orNull(),
  },
  {
    indices: [
      { name: 'floating_sessions_version', columns: ['license_id', 'version'] },
      { name: 'floating_sessions_license_id', columns: ['license_id', 'id'], where: 'ended_at is null' },
      { name: 'floating_sessions_expires_at', columns: ['expires_at'], where: 'ended_at is null' },
    ],
  },
);

export type SessionRow = RowOf<typeof sessionsTable>;

import type { SeatRole, SeatStatus } from '#domain/licensing/seat/seat';
import { integer, text, time } from '#platform/database/column';
import { defineTable, type RowOf } from '#platform/database/table';

/** Seats as they are listed, and found by token. Rules are decided from the stream of the seats of a license. */
export const seatsTable = defineTable(
  'seats',
  {
    id: text().key(),
    /** Version of the stream of the seats of the license. */
    version: integer(),
    license_id: text(),
    product_id: text(),
    person_id: text(),
    email: text().orNull(),
    role: text<SeatRole>(),
    status: text<SeatStatus>(),
    token_hash: text(),
    expires_at: time(),
    invited_at: time(),
    accepted_at: time().orNull(),
  },
  {
    indices: [
      { name: 'seats_license_id', columns: ['license_id', 'id'] },
      { name: 'seats_token_hash', columns: ['token_hash'], unique: true },
      { name: 'seats_expires_at', columns: ['expires_at'], where: "status = 'invited'" },
    ],
  },
);

export type SeatRow = RowOf<typeof seatsTable>;

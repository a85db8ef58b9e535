import type { MigrationInterface, QueryRunner } from 'typeorm';
import { integer, text, time } from '../database/column.ts';
import { defineTable } from '../database/table.ts';

/** Failed identifications by address, for `FailureLimiter`. */
export const failedIdentificationsTable = defineTable(
  'failed_identifications',
  {
    address: text().key(),
    failures: integer(),
    window_ends_at: time(),
    lockouts: integer(),
    locked_until: time().orNull(),
    forget_at: time(),
  },
  { indices: [{ name: 'failed_identifications_forget_at', columns: ['forget_at'] }] },
);

/** Makes the table in each service that has the feature. */
export class FailedIdentifications1790000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Unlogged: after a crash of the database the counts start at zero, and an attack writes no write-ahead log.
    await runner.query(`
      create unlogged table failed_identifications (
        address text primary key,
        failures integer not null,
        window_ends_at timestamptz not null,
        lockouts integer not null,
        locked_until timestamptz,
        forget_at timestamptz not null
      )`);
    await runner.query('create index failed_identifications_forget_at on failed_identifications (forget_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table failed_identifications');
  }
}

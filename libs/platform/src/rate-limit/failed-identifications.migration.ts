import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Table of `FailureLimiter`. A service that uses one lists this among its migrations. */
export class FailedIdentifications1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Unlogged: after a crash of the database the counts start afresh, and an attack costs no write-ahead log.
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

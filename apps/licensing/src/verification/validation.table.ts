import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The validation log and the times of last use: bookkeeping, written in batches beside the events. */
export class Validations1790000014000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table validations (
        id bigint generated always as identity,
        at timestamptz not null,
        code text not null,
        result text not null,
        license_id text,
        product_id text,
        fingerprint_hash text,
        ip text,
        user_agent text
      )`);
    // One index: every verification writes here, and each is read by its licence alone.
    await runner.query('create index validations_license on validations (license_id, id)');
    await runner.query(`
      create table activation_uses (
        license_id text not null,
        identifier_hash text not null,
        last_verified timestamptz not null,
        primary key (license_id, identifier_hash)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table validations');
    await runner.query('drop table activation_uses');
  }
}

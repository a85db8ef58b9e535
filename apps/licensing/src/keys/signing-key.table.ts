import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Keys that sign leases and signed licence keys. A key is published before it signs, and stays published until the last thing
 * that it signed has run out; which of the two a row is, its times say.
 */
export class SigningKeys1790000013000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table signing_keys (
        kid text primary key,
        public_jwk jsonb not null,
        private_sealed text not null,
        created_at timestamptz not null default now(),
        -- signs from this time on, until a later one does
        signs_from timestamptz not null,
        retired_at timestamptz
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table signing_keys');
  }
}

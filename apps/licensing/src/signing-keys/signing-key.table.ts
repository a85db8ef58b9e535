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

/** When a key signs and when it retires, its stream says. The table keeps what no event may hold, and lets it go again. */
export class SigningKeySecrets1790000061000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table signing_keys
        drop column signs_from,
        drop column retired_at,
        -- null once nobody signs with it any more
        alter column private_sealed drop not null,
        -- until when something that it signed is good, beyond leases of the usual length
        add column good_until timestamptz`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table signing_keys
        add column signs_from timestamptz not null default now(),
        add column retired_at timestamptz,
        drop column good_until`);
    await runner.query('alter table signing_keys alter column private_sealed set not null');
  }
}

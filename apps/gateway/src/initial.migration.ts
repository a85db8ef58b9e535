import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables of the gateway in the first release. Do not change it: later changes are migrations of their feature. */
export class Initial1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table api_keys (
        id text primary key,
        version integer not null,
        name text not null,
        scopes jsonb not null,
        product_id text,
        prefix text not null,
        hash text not null,
        created_at timestamptz not null,
        revoked_at timestamptz
      );
      create unique index api_keys_hash on api_keys (hash);

      create table api_key_uses (
        api_key_id text primary key,
        last_used timestamptz not null,
        last_used_ip text not null
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table api_key_uses, api_keys');
  }
}

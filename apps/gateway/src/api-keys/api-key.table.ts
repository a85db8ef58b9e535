import type { ApiKeyScope } from '#domain/identity/api-key/api-key';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A row of `api_keys`: one an API key, projected from its stream. */
export interface ApiKeyRow {
  readonly id: string;
  readonly version: number;
  readonly name: string;
  readonly scopes: readonly ApiKeyScope[];
  readonly product_id: string | null;
  readonly prefix: string;
  readonly hash: string;
  readonly created_at: Date;
  readonly revoked_at: Date | null;
}

export class ApiKeys1790000001000 implements MigrationInterface {
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
      )`);
    await runner.query('create unique index api_keys_hash on api_keys (hash)');
    await runner.query('create index api_keys_created_at on api_keys (created_at desc, id desc)');
    // When a key was last used is no event (there are thousands a second), so it stands beside what is projected.
    await runner.query(`
      create table api_key_uses (
        api_key_id text primary key,
        last_used timestamptz not null,
        last_used_ip text not null
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table api_key_uses');
    await runner.query('drop table api_keys');
  }
}

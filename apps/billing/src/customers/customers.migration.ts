import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Customers1790110000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table customers (
        id text primary key,
        version integer not null,
        email text,
        email_hash text not null,
        external_id text,
        name text,
        company text,
        address jsonb not null,
        tax_ids jsonb not null,
        locale text,
        payment_terms_days integer,
        po_number text,
        metadata jsonb not null,
        balances jsonb not null,
        merged_into text,
        created_at timestamptz not null,
        constraint customers_email_hash unique (email_hash)
      );
      create index customers_created_at on customers (created_at, id);
      create index customers_external_id on customers (external_id);
      create index customers_merged_into on customers (merged_into) where merged_into is not null`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table customers');
  }
}

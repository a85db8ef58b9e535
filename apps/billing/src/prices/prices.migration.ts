import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Prices1790100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table prices (
        id text primary key,
        version integer not null,
        product_id text not null,
        plan_id text not null,
        amount bigint not null,
        currency text not null,
        "interval" text,
        interval_count integer not null,
        tax_behavior text not null,
        trial_days integer not null,
        usage jsonb,
        setup_amount bigint not null,
        active boolean not null,
        nickname text,
        lookup_key text,
        metadata jsonb not null,
        created_at timestamptz not null,
        updated_at timestamptz not null,
        constraint prices_lookup_key unique (lookup_key)
      );
      create index prices_plan_id on prices (plan_id, id);
      create index prices_product_id on prices (product_id, id)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table prices');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What uses a plan: prices and subscriptions of billing, and batches of keys. */
export class PlanSales1790800000300 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table plan_sales (
        id text primary key,
        version integer not null,
        plan_id text not null,
        kind text not null,
        live boolean not null
      );
      create index plan_sales_plan_id on plan_sales (plan_id) where live;
      create index key_batches_plan_id on key_batches (plan_id)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index key_batches_plan_id; drop table plan_sales');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables of billing in the first release. Do not change it: later changes are migrations of their feature. */
export class Initial1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table plans (
        id text primary key,
        version integer not null,
        product_id text not null,
        name text not null,
        slug text not null,
        license_type text not null,
        billing_interval text,
        trial_days integer not null,
        grace_days integer not null,
        active boolean not null
      );
      create index plans_product_id on plans (product_id)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table plans');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A plan as billing needs to know it; licensing owns it. */
export interface PlanRow {
  readonly id: string;
  readonly version: number;
  readonly product_id: string;
  readonly name: string;
  readonly slug: string;
  readonly license_type: string;
  /** Null for what is paid once. */
  readonly billing_interval: string | null;
  readonly trial_days: number;
  readonly grace_days: number;
  readonly active: boolean;
}

export class Plans1790000002000 implements MigrationInterface {
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
      )`);
    await runner.query('create index plans_product_id on plans (product_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table plans');
  }
}

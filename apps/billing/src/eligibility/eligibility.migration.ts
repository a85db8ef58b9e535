import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What plans include. */
export class Eligibility1790600000100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table plan_entitlements (
        id text primary key,
        version integer not null,
        plan_id text not null,
        feature text not null,
        value_type text not null,
        value jsonb,
        stripe_meter_event_name text,
        removed boolean not null
      );
      create index plan_entitlements_plan_id on plan_entitlements (plan_id)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table plan_entitlements');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How subscriptions of a plan, and their licenses, follow the money. */
export class PlanPolicies1790500000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table plans
        add column activate_on text not null default 'payment',
        add column end_policy text not null default 'expire',
        add column refund_policy text not null default 'revoke',
        add column dispute_policy text not null default 'suspend',
        add column pause_policy text not null default 'suspend',
        add column late_payment_policy text not null default 'reactivate';
      alter table products add column allow_multiple_subscriptions boolean not null default false`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table products drop column allow_multiple_subscriptions;
      alter table plans
        drop column activate_on, drop column end_policy, drop column refund_policy, drop column dispute_policy,
        drop column pause_policy, drop column late_payment_policy`);
  }
}

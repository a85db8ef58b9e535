import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Products, and more columns of plans. Plans that billing knows already get the defaults of policies and no maxima, until
 * `keyledger projections rebuild plans` reads the events of licensing again.
 */
export class PlanPolicies1790500000100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table plans
        add column max_activations integer,
        add column max_seats integer,
        add column updates_days integer,
        add column activate_on text not null default 'payment',
        add column end_policy text not null default 'expire',
        add column refund_policy text not null default 'revoke',
        add column dispute_policy text not null default 'suspend',
        add column pause_policy text not null default 'suspend',
        add column late_payment_policy text not null default 'reactivate';
      create table products (
        id text primary key,
        version integer not null,
        name text not null,
        allow_multiple_subscriptions boolean not null
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table products;
      alter table plans
        drop column max_activations, drop column max_seats, drop column updates_days, drop column activate_on,
        drop column end_policy, drop column refund_policy, drop column dispute_policy, drop column pause_policy,
        drop column late_payment_policy`);
  }
}

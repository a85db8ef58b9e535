import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Subscriptions, their trials, and what is in use of their licenses. */
export class Subscriptions1790300000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table subscriptions (
        id text primary key,
        version integer not null,
        subscriber text not null,
        customer_id text not null,
        product_id text not null,
        plan_id text not null,
        price_id text,
        status text not null,
        provider_id text,
        license_id text not null,
        sole_key text,
        due_at timestamptz,
        state jsonb not null,
        updated_at timestamptz not null
      );
      create unique index subscriptions_sole_key on subscriptions (sole_key) where sole_key is not null;
      create index subscriptions_subscriber on subscriptions (subscriber, product_id);
      create index subscriptions_customer_id on subscriptions (customer_id);
      create index subscriptions_plan_id on subscriptions (plan_id, status);
      create index subscriptions_price_id on subscriptions (price_id);
      create index subscriptions_provider_id on subscriptions (provider_id) where provider_id is not null;
      create index subscriptions_license_id on subscriptions (license_id);
      create index subscriptions_due_at on subscriptions (due_at) where due_at is not null;
      create table uninvoiced_charges (
        invoice_id text primary key,
        subscription_id text not null,
        version integer not null,
        since timestamptz not null
      );
      create index uninvoiced_charges_since on uninvoiced_charges (since);
      create table subscription_trials (
        subscription_id text primary key,
        customer_id text not null,
        product_id text not null,
        constraint subscription_trials_customer_id unique (customer_id, product_id)
      );
      create table in_use (
        id text primary key,
        license_id text not null,
        kind text not null
      );
      create index in_use_license_id on in_use (license_id, kind)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'drop table in_use; drop table subscription_trials; drop table uninvoiced_charges; drop table subscriptions',
    );
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The table of payments. */
export class Payments1790210000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table payments (
        id text primary key,
        version integer not null,
        invoice_id text not null,
        product_id text,
        customer_id text not null,
        subscription_id text,
        attempt integer not null,
        provider text not null,
        provider_id text,
        currency text not null,
        amount bigint not null,
        amount_refunded bigint not null,
        status text not null,
        error text,
        method text,
        reference text,
        created_at timestamptz not null,
        paid_at timestamptz,
        ask_at timestamptz
      );
      create index payments_invoice_id on payments (invoice_id, id);
      create index payments_customer_id on payments (customer_id, id);
      create index payments_provider_id on payments (provider_id) where provider_id is not null;
      create index payments_ask_at on payments (ask_at) where ask_at is not null`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table payments');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How licenses were sold, and their units. */
export class LicenseSales1790500000200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table licenses
        add column subscription_id text,
        add column payment_provider text,
        add column invoice_id text,
        add column quantity integer not null default 1,
        add column past_due_at timestamptz;
      update licenses set past_due_at = valid_until where resumes_as = 'past_due';
      create index licenses_subscription_id on licenses (subscription_id, id) where subscription_id is not null;
      create index licenses_invoice_id on licenses (invoice_id, id) where invoice_id is not null`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table licenses
        drop column subscription_id, drop column payment_provider, drop column invoice_id, drop column quantity,
        drop column past_due_at`);
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** People whose personal data was deleted. */
export class ForgottenCustomers1790800000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create table forgotten_customers (id text primary key, forgotten_at timestamptz not null)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table forgotten_customers');
  }
}

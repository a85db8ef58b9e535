import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When the personal data of a customer was deleted. */
export class ForgottenCustomers1790800000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table customers add column forgotten_at timestamptz');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table customers drop column forgotten_at');
  }
}

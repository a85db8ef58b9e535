import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Known products; licensing owns them. */
export class KnownProducts1790000004002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create table known_products (id text primary key)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table known_products');
  }
}

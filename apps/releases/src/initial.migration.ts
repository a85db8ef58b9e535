import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables of releases in the first release. Do not change it: later changes are migrations of their feature. */
export class Initial1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table products (
        id text primary key,
        version integer not null,
        name text not null,
        slug text not null,
        product_type text not null,
        require_signing boolean not null
      );
      create index products_slug on products (slug)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table products');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A product as releases need to know it; licensing owns it. */
export interface ProductRow {
  readonly id: string;
  readonly version: number;
  readonly name: string;
  readonly slug: string;
  readonly product_type: string;
  /** Its releases must be signed. */
  readonly require_signing: boolean;
}

export class Products1790000003000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table products (
        id text primary key,
        version integer not null,
        name text not null,
        slug text not null,
        product_type text not null,
        require_signing boolean not null
      )`);
    await runner.query('create index products_slug on products (slug)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table products');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A product as it is listed. What decides is its stream. */
export interface ProductRow {
  readonly id: string;
  readonly version: number;
  readonly name: string;
  readonly slug: string;
  readonly product_type: string;
  readonly minimum_supported_version: string | null;
  readonly minimum_supported_message: string | null;
  readonly require_signing: boolean;
  readonly key_format: string;
  readonly key_prefix: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export class Products1790000010000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table products (
        id text primary key,
        version integer not null,
        name text not null,
        slug text not null constraint products_slug unique,
        product_type text not null,
        minimum_supported_version text,
        minimum_supported_message text,
        require_signing boolean not null,
        key_format text not null,
        key_prefix text,
        created_at timestamptz not null,
        updated_at timestamptz not null
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table products');
  }
}

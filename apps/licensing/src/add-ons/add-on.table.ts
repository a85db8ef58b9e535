import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { AddOnTerms } from '#domain/licensing/add-on/add-on';

/** An add-on as it is listed. What decides is its stream. */
export interface AddOnRow extends AddOnTerms {
  readonly id: string;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export class AddOns1790000040000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table add_ons (
        id text primary key,
        version integer not null,
        product_id text not null,
        slug text not null,
        feature text not null,
        value jsonb,
        active boolean not null,
        sort_order integer not null,
        created_at timestamptz not null,
        updated_at timestamptz not null,
        constraint add_ons_slug unique (product_id, slug)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table add_ons');
  }
}

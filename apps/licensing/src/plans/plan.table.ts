import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { PlanTerms } from '#domain/plan/plan';

/** A plan as it is listed. What decides is its stream. */
export interface PlanRow extends PlanTerms {
  readonly id: string;
  readonly version: number;
  readonly checkout_id: string;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export class Plans1790000011000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table plans (
        id text primary key,
        version integer not null,
        product_id text not null,
        checkout_id text not null constraint plans_checkout_id unique,
        name text not null,
        slug text not null,
        license_type text not null,
        license_model text not null,
        billing_interval text,
        max_activations integer,
        max_seats integer,
        trial_days integer not null,
        grace_days integer not null,
        floating_timeout integer not null,
        sort_order integer not null,
        active boolean not null,
        created_at timestamptz not null,
        updated_at timestamptz not null,
        constraint plans_slug unique (product_id, slug)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table plans');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { PlanTerms } from '#domain/licensing/plan/plan';

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

/** When terms begin, what renewals are counted from, and how long new releases are included. */
export class PlanTermRules1790000070000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table plans
        add column term_starts text not null default 'issue',
        add column renewal_from text not null default 'from_expiry',
        add column updates_days integer`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table plans drop column term_starts, drop column renewal_from, drop column updates_days');
  }
}

/** For how long floating sessions may be lent. */
export class PlanBorrowing1790000080000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table plans add column max_borrow_days integer not null default 0');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table plans drop column max_borrow_days');
  }
}

/** How activations come and go. */
export class PlanActivationRules1790000081000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table plans
        add column fingerprint_lock boolean not null default false,
        add column bound_identity text,
        add column activation_ttl_days integer,
        add column max_deactivations integer,
        add column deactivation_period_days integer not null default 30`);
    await runner.query(
      'create index plans_activation_ttl_days on plans (activation_ttl_days) where activation_ttl_days is not null',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table plans drop column fingerprint_lock, drop column bound_identity, drop column activation_ttl_days,
        drop column max_deactivations, drop column deactivation_period_days`);
  }
}

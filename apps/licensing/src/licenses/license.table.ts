import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { Description, LicenseStatus, UnheldStatus } from '#domain/licensing/license/license';

/** A license as it is listed and searched. Rules are decided from its stream, not from this row. */
export interface LicenseRow extends Description {
  readonly id: string;
  readonly version: number;
  readonly product_id: string;
  readonly plan_id: string;
  readonly customer_id: string;
  readonly email: string | null;
  readonly status: LicenseStatus;
  /** The status that a suspended license returns to. */
  readonly resumes_as: UnheldStatus;
  readonly valid_from: Date;
  readonly valid_until: Date | null;
  readonly term_started_at: Date | null;
  readonly term_anchor: Date | null;
  readonly updates_until: Date | null;
  /** When the scheduler must look at the license next; null = never. */
  readonly due_at: Date | null;
  readonly key_hash: string;
  readonly activations: number;
}

export class Licenses1790000012000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table licenses (
        id text primary key,
        version integer not null,
        product_id text not null,
        plan_id text not null,
        customer_id text not null,
        email text,
        name text,
        org_name text,
        external_customer_id text,
        external_workspace_id text,
        status text not null,
        resumes_as text not null,
        valid_from timestamptz not null,
        valid_until timestamptz,
        due_at timestamptz,
        key_hash text not null constraint licenses_key_hash unique,
        activations integer not null,
        notes text,
        metadata jsonb not null
      )`);
    await runner.query('create index licenses_due_at on licenses (due_at) where due_at is not null');
    await runner.query('create index licenses_product_id on licenses (product_id, id)');
    await runner.query('create index licenses_plan_id on licenses (plan_id, id)');
    await runner.query('create index licenses_email on licenses (lower(email), id)');
    await runner.query('create index licenses_external_customer_id on licenses (external_customer_id, id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table licenses');
  }
}

/** Adds when terms began, and until when new releases are included. */
export class LicenseTerms1790000071000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'alter table licenses add column term_started_at timestamptz, add column updates_until timestamptz',
    );
    await runner.query('update licenses set term_started_at = valid_from');
    // Without this, the scheduler would look forever at licenses that were reinstated as expired.
    await runner.query(`update licenses set due_at = null where resumes_as = 'expired'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table licenses drop column term_started_at, drop column updates_until');
  }
}

/** Adds what the ends of terms are counted from. */
export class LicenseTermAnchors1790000090000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table licenses add column term_anchor timestamptz');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table licenses drop column term_anchor');
  }
}

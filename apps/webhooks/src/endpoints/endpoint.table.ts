import type { EndpointSettings } from '#domain/webhooks/webhook-endpoint/settings';
import type { DisabledReason, Ordering, SigningKey } from '#domain/webhooks/webhook-endpoint/webhook-endpoint';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A stored secret. */
export interface KeptSecret {
  readonly sealed: string;
  /** The Ed25519 key made with it; old secrets have none. */
  readonly signing_key?: SigningKey;
  /** RFC 3339; null for the current secret. */
  readonly valid_until: string | null;
}

/** A row of `webhook_endpoints`: one for each endpoint that is not deleted, projected from its stream. */
export interface EndpointRow {
  readonly id: string;
  readonly version: number;
  readonly product_id: string | null;
  readonly url: string;
  readonly description: string | null;
  readonly events: readonly string[];
  readonly ordering: Ordering;
  readonly active: boolean;
  readonly disabled_reason: DisabledReason | null;
  /** When it was last disabled, even if it has been enabled since. */
  readonly disabled_at: Date | null;
  /** The current secret first, then replaced secrets that are still valid, newest first. */
  readonly secrets: readonly KeptSecret[];
  readonly settings: EndpointSettings;
  readonly created_at: Date;
}

export class Endpoints1790000004000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table webhook_endpoints (
        id text primary key,
        version integer not null,
        product_id text,
        url text not null,
        description text,
        events jsonb not null,
        ordering text not null check (ordering in ('none', 'by_subject', 'strict')),
        active boolean not null,
        disabled_reason text,
        secrets jsonb not null,
        created_at timestamptz not null
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table webhook_endpoints');
  }
}

export class EndpointSettings1790000004101 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`alter table webhook_endpoints add column settings jsonb not null default '{}'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table webhook_endpoints drop column settings');
  }
}

export class EndpointDisabledAt1790000004202 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table webhook_endpoints add column disabled_at timestamptz');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table webhook_endpoints drop column disabled_at');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Usage that is to be reported to meters of providers. */
export class Metering1790800000200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table metered_deltas (
        id text primary key,
        product_id text not null,
        license_id text not null,
        subscription_id text not null,
        customer_id text not null,
        feature text not null,
        meter_event_name text not null,
        aggregation text not null,
        quantity bigint,
        period_start timestamptz not null,
        period_end timestamptz,
        collects timestamptz not null,
        minute timestamptz not null,
        last_at timestamptz not null,
        last_version integer not null,
        status text not null,
        taken_at timestamptz,
        attempts integer not null,
        last_error text,
        next_attempt_at timestamptz,
        synced_at timestamptz,
        external_id text,
        constraint metered_deltas_minute unique (customer_id, meter_event_name, minute)
      );
      create index metered_deltas_collects on metered_deltas (license_id, feature, collects);
      create index metered_deltas_last_version on metered_deltas (license_id, feature, last_version);
      create index metered_deltas_license_id on metered_deltas (license_id, id);
      create index metered_deltas_status on metered_deltas (status, id);
      create index metered_deltas_due on metered_deltas (next_attempt_at, id) where next_attempt_at is not null`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table metered_deltas');
  }
}

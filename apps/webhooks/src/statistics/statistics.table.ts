import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Counts of attempts: one row for each webhook and hour. */
export class DeliveryStatistics1790000004203 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table delivery_statistics (
        endpoint_id text not null,
        hour timestamptz not null,
        succeeded integer not null,
        failed integer not null,
        -- number of attempts by duration, in the buckets of latency.ts
        latency integer[] not null,
        primary key (endpoint_id, hour)
      ) with (fillfactor = 70)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table delivery_statistics');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Usage1790000045000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // What was used in a period, and by which versions of its stream somebody was told so, or it was set to nothing. It is
    // written at every flush: room beside each row keeps its new versions on its page and its index as it is.
    await runner.query(`
      create table usage_counters (
        license_id text not null,
        feature text not null,
        period text not null,
        period_start timestamptz not null,
        period_end timestamptz,
        used numeric not null,
        warned_in integer not null,
        exceeded_in integer not null,
        reset_in integer not null,
        version integer not null,
        primary key (license_id, feature, period, period_start)
      ) with (fillfactor = 70)`);
    await runner.query(`
      create table usage_by_hour (
        license_id text not null,
        feature text not null,
        hour timestamptz not null,
        quantity numeric not null,
        records bigint not null,
        version integer not null,
        primary key (license_id, feature, hour)
      ) with (fillfactor = 70)`);
    // A licence's history tells of warnings and resets, and must not wade through millions of records to find them.
    await runner.query(
      `create index events_on_quotas on events (stream_id, version)
        where type in ('quota.warning', 'quota.exceeded', 'usage.reset')`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index events_on_quotas');
    await runner.query('drop table usage_by_hour');
    await runner.query('drop table usage_counters');
  }
}

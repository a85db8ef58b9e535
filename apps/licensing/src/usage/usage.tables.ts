import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Usage1790000045000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // The total of a period, and the stream versions of its last notices and its last reset. Rows are written at every flush:
    // free space on each page keeps the updates on the same page (HOT) and the index unchanged.
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
    // The history of a license shows notices and resets. The index finds them among millions of records.
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

/** Adds the limits that notices were sent for. 0 = a limit that is not known any more: the next notice is sent. */
export class UsageNoticeLimits1790000091000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'alter table usage_counters add column warned_limit bigint not null default 0, add column exceeded_limit bigint not null default 0',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table usage_counters drop column warned_limit, drop column exceeded_limit');
  }
}

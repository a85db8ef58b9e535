import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Usage that licensing recorded. */
export class Usage1790600000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table usage_records (
        license_id text not null,
        feature text not null,
        at timestamptz not null,
        version integer not null,
        id text not null,
        product_id text not null,
        quantity bigint not null,
        unique_key text,
        primary key (license_id, feature, at, version)
      );
      create table usage_features (
        license_id text not null,
        feature text not null,
        longest integer not null,
        primary key (license_id, feature)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table usage_records, usage_features');
  }
}

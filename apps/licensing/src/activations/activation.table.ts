import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An activation that has a place, so that the ones that nobody has seen for long can be found. */
export interface ActivationRow {
  readonly id: string;
  /** Of the licence. */
  readonly version: number;
  readonly license_id: string;
  readonly identifier_hash: string;
  readonly added_at: Date;
}

export class Activations1790000082000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table activations (
        id text primary key,
        version integer not null,
        license_id text not null,
        identifier_hash text not null,
        added_at timestamptz not null
      )`);
    await runner.query('create index activations_license_id on activations (license_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table activations');
  }
}

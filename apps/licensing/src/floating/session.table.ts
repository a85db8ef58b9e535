import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A session as it is listed, also one that has ended. */
export interface SessionRow {
  readonly id: string;
  /** Of the stream of the licence's sessions: the last event about this one, and the one that began it. */
  readonly version: number;
  readonly begun_in: number;
  readonly license_id: string;
  readonly product_id: string;
  readonly identifier: string | null;
  readonly identifier_hash: string;
  readonly label: string | null;
  readonly checked_out_at: Date;
  readonly renewed_at: Date;
  readonly expires_at: Date;
  readonly borrowed_until: Date | null;
  /** null while no event has ended it. */
  readonly ended_at: Date | null;
}

export class FloatingSessions1790000083000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table floating_sessions (
        id text primary key,
        version integer not null,
        begun_in integer not null,
        license_id text not null,
        product_id text not null,
        identifier text,
        identifier_hash text not null,
        label text,
        checked_out_at timestamptz not null,
        renewed_at timestamptz not null,
        expires_at timestamptz not null,
        borrowed_until timestamptz,
        ended_at timestamptz
      ) with (fillfactor = 70)`);
    await runner.query('create index floating_sessions_version on floating_sessions (license_id, version)');
    await runner.query(
      'create index floating_sessions_license_id on floating_sessions (license_id, id) where ended_at is null',
    );
    await runner.query(
      'create index floating_sessions_expires_at on floating_sessions (expires_at) where ended_at is null',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table floating_sessions');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { SeatRole, SeatStatus } from '#domain/licensing/seat/seat';

/** A seat as it is listed, and found by its token. What decides is the stream of its licence's seats. */
export interface SeatRow {
  readonly id: string;
  /** Of the stream of the licence's seats. */
  readonly version: number;
  readonly license_id: string;
  readonly product_id: string;
  readonly person_id: string;
  readonly email: string | null;
  readonly role: SeatRole;
  readonly status: SeatStatus;
  readonly token_hash: string;
  readonly expires_at: Date;
  readonly invited_at: Date;
  readonly accepted_at: Date | null;
}

export class Seats1790000021000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table seats (
        id text primary key,
        version integer not null,
        license_id text not null,
        product_id text not null,
        person_id text not null,
        email text,
        role text not null,
        status text not null,
        token_hash text not null,
        expires_at timestamptz not null,
        invited_at timestamptz not null,
        accepted_at timestamptz
      )`);
    await runner.query('create index seats_license_id on seats (license_id, id)');
    await runner.query('create unique index seats_token_hash on seats (token_hash)');
    await runner.query(`create index seats_expires_at on seats (expires_at) where status = 'invited'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table seats');
  }
}

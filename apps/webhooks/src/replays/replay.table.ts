import type { MigrationInterface, QueryRunner } from 'typeorm';

export const REPLAY_STATUSES = ['running', 'paused', 'completed', 'canceled'] as const;
export type ReplayStatus = (typeof REPLAY_STATUSES)[number];

/** `everything`: all events that the webhook wants; `failed`: deliveries that have failed for good. */
export type ReplayKind = 'everything' | 'failed';

/** A row of `replays`. */
export interface ReplayRow {
  readonly id: string;
  readonly endpoint_id: string;
  readonly kind: ReplayKind;
  /** For `failed`: deliveries that failed since then. */
  readonly failed_since: Date | null;
  /** Events with positions above `from_position` - 1, up to `to_position`. */
  readonly from_position: string;
  readonly to_position: string;
  /** Everything up to this position has been queued or skipped. */
  readonly position: string;
  readonly status: ReplayStatus;
  readonly created_at: Date;
  readonly finished_at: Date | null;
}

/** Replays, running and ended. The table is not projected from events: the service itself writes it. */
export class Replays1790000004201 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table replays (
        id text primary key,
        endpoint_id text not null,
        kind text not null check (kind in ('everything', 'failed')),
        failed_since timestamptz,
        from_position bigint not null,
        to_position bigint not null,
        position bigint not null,
        status text not null check (status in ('running', 'paused', 'completed', 'canceled')),
        created_at timestamptz not null default now(),
        finished_at timestamptz
      )`);
    await runner.query('create index replays_of_endpoint on replays (endpoint_id, id)');
    // Two replays of one webhook at once would send the same events twice.
    await runner.query(
      `create unique index replays_under_way on replays (endpoint_id) where status in ('running', 'paused')`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table replays');
  }
}

import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, LOGGER } from '#platform/service';
import type { Logger } from '#platform/telemetry/logger';
import { type Attempt, succeeded } from '../sending/attempt.ts';
import { BUCKETS, bucketOf, percentile, sumOf } from './latency.ts';
import type { HourRow } from './statistics.table.ts';

const HOUR_MS = 3_600_000;
/** How often counts are written, in milliseconds. A killed process loses the counts since the last write, and nothing else. */
const EVERY_MS = 1_000;

interface Counts {
  readonly endpoint_id: string;
  /** RFC 3339. */
  readonly hour: string;
  succeeded: number;
  failed: number;
  readonly latency: number[];
}

export type StatisticsRow = Omit<HourRow, 'endpoint_id' | 'hour'> & { readonly from: Date };

export interface QueueRow {
  readonly pending: number;
  readonly waiting: number;
  readonly oldest: Date | null;
}

/** Sorts rows: all instances lock them in this order. */
const ADD = `
  insert into delivery_statistics as s (endpoint_id, hour, succeeded, failed, latency)
  select * from json_to_recordset($1) as r(endpoint_id text, hour timestamptz, succeeded int, failed int, latency int[])
  order by endpoint_id, hour
  on conflict (endpoint_id, hour) do update set
    succeeded = s.succeeded + excluded.succeeded,
    failed = s.failed + excluded.failed,
    latency = (select array_agg(a + b order by n) from unnest(s.latency, excluded.latency) with ordinality as t(a, b, n))`;

/**
 * Counts attempts by webhook and hour in memory, and adds the counts to the table once a second. So the cost depends on the number of busy
 * webhooks, not on the number of attempts.
 */
@Injectable()
export class Statistics implements OnApplicationBootstrap {
  #counts = new Map<string, Counts>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  count(endpoint_id: string, attempt: Attempt): void {
    const hour = new Date(Math.floor(attempt.at.getTime() / HOUR_MS) * HOUR_MS).toISOString();
    const counts = this.#of(endpoint_id, hour);
    if (succeeded(attempt)) counts.succeeded++;
    else counts.failed++;
    const bucket = bucketOf(attempt.duration_ms);
    counts.latency[bucket] = (counts.latency[bucket] ?? 0) + 1;
  }

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => this.#write(), EVERY_MS);
  }

  /** Writes what there is, once nothing more is counted. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#write();
    await this.#writing;
  }

  #of(endpoint_id: string, hour: string): Counts {
    const key = `${endpoint_id}/${hour}`;
    let counts = this.#counts.get(key);
    if (counts === undefined) {
      counts = { endpoint_id, hour, succeeded: 0, failed: 0, latency: new Array<number>(BUCKETS).fill(0) };
      this.#counts.set(key, counts);
    }
    return counts;
  }

  #write(): void {
    this.#writing = this.#writing.then(async () => {
      if (this.#counts.size === 0) return;
      const counts = [...this.#counts.values()];
      this.#counts = new Map();
      try {
        await this.database.pool.query({ name: 'add_statistics', text: ADD, values: [JSON.stringify(counts)] });
      } catch (error) {
        this.logger.warn({ err: error }, 'statistics could not be written yet');
        this.#keep(counts);
      }
    });
  }

  /** Until the next time. */
  #keep(unwritten: readonly Counts[]): void {
    for (const { endpoint_id, hour, ...rest } of unwritten) {
      const counts = this.#of(endpoint_id, hour);
      counts.succeeded += rest.succeeded;
      counts.failed += rest.failed;
      for (const [bucket, count] of rest.latency.entries())
        counts.latency[bucket] = (counts.latency[bucket] ?? 0) + count;
    }
  }

  /** Oldest first. */
  async read(endpointId: string, since: Date, until: Date): Promise<StatisticsRow[]> {
    const { rows } = await this.database.pool.query<StatisticsRow>({
      name: 'statistics',
      text: `select hour as from, succeeded, failed, latency from delivery_statistics
        where endpoint_id = $1 and hour >= date_trunc('hour', $2::timestamptz) and hour < $3 order by hour`,
      values: [endpointId, since, until],
    });
    return rows;
  }

  async queue(endpointId: string): Promise<QueueRow> {
    const { rows } = await this.database.pool.query<QueueRow>({
      name: 'queue_of_webhook',
      text: `select count(*)::int as pending, count(*) filter (where queue is not null and due_at is null)::int as waiting,
          min(created_at) as oldest
        from deliveries where endpoint_id = $1 and status = 'pending'`,
      values: [endpointId],
    });
    return rows[0] ?? { pending: 0, waiting: 0, oldest: null };
  }
}

/** The sum of several hours. */
export const figuresOf = (rows: readonly StatisticsRow[]) => {
  const succeeded = rows.reduce((sum, row) => sum + row.succeeded, 0);
  const failed = rows.reduce((sum, row) => sum + row.failed, 0);
  const latency = sumOf(rows.map((row) => row.latency));
  const attempts = succeeded + failed;
  return {
    attempts,
    succeeded,
    failed,
    success_rate: attempts === 0 ? null : Math.round((succeeded / attempts) * 10_000) / 10_000,
    latency_ms: { p50: percentile(latency, 0.5), p95: percentile(latency, 0.95), p99: percentile(latency, 0.99) },
  };
};

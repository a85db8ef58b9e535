import type { Pool, PoolClient, QueryConfig, QueryResult } from 'pg';
import { inTransaction } from '#events/subscription/transaction';
import { QUEUE_LOCK } from '../deliveries/delivery.table.ts';
import type { Attempt } from './attempt.ts';
import { type Streak, streaksOf } from './circuit.ts';
import type { Claimed } from './claimed.ts';
import type { CircuitSettings } from './settings.ts';
import type { Outcome } from './outcome.ts';
import { advanceQueues } from './statements/advance-queues.ts';
import { recordArrivedResults } from './statements/record-arrived-results.ts';
import { recordResults } from './statements/record-results.ts';

/** An attempt at a delivery, and what follows from it. */
export interface Result extends Outcome {
  readonly delivery: Claimed;
  readonly attempt: Attempt;
}

/** @returns endpoints whose circuit is open now */
type Write = (pool: Pool, by: Writer, results: readonly Result[]) => Promise<string[]>;

export interface Writer {
  /** UUID of the process that claimed the deliveries. */
  readonly owner: string;
  readonly circuit: CircuitSettings;
}

/**
 * Records results of deliveries without a queue, all or nothing.
 * @param keyed see `keyedPool`
 */
export const recordFree: Write = async (keyed, by, results) =>
  opened(await keyed.query<Opened>(recording(by, results)));

/** Records results of ordered deliveries, all or nothing. The next delivery of a queue becomes due when the one before it is done. */
export const recordOrdered: Write = (pool, by, results) =>
  inTransaction(pool, async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(${QUEUE_LOCK})`);
    const recorded = await tx.query<Opened>(recording(by, results));
    await advance(tx, results);
    return opened(recorded);
  });

interface Opened {
  readonly endpoint_id: string | null;
}

const opened = ({ rows }: QueryResult<Opened>): string[] => rows.flatMap(({ endpoint_id }) => endpoint_id ?? []);

const recording = ({ owner, circuit }: Writer, results: readonly Result[]): QueryConfig => {
  const streaks = streaksOf(results);
  const failing = streaks.filter(({ failures }) => failures > 0);
  const values: unknown[] = [
    results.map(({ delivery }) => delivery.id),
    results.map(({ status }) => status),
    results.map(({ pause }) => pause ?? null),
    results.map(({ attempt }) => attempt.at),
    results.map(({ attempt }) => attempt.duration_ms),
    results.map(({ attempt }) => attempt.response_status),
    results.map(({ attempt }) => attempt.response_body),
    results.map(({ attempt }) => attempt.error),
    owner,
    streaks.filter(({ failures }) => failures === 0).map(id),
    results.map(({ delivery }) => delivery.day),
    results.map(({ delivery }) => delivery.version),
    results.map(({ attempt }) => attempt.error_detail),
  ];
  if (failing.length === 0) return { ...recordArrivedResults, values };
  values.push(
    failing.map(id),
    failing.map(({ failures }) => failures),
    failing.map(({ succeeded }) => succeeded),
    failing.map(({ probe_failed }) => probe_failed),
    circuit.failures,
    circuit.pause,
    circuit.longest,
  );
  return { ...recordResults, values };
};

const id = ({ endpoint_id }: Streak): string => endpoint_id;

const advance = async (tx: PoolClient, results: readonly Result[]): Promise<void> => {
  const done = results.filter(({ status }) => status !== 'pending').map(({ delivery }) => delivery);
  if (done.length === 0) return;
  await tx.query({
    ...advanceQueues,
    values: [done.map(({ endpoint_id }) => endpoint_id), done.map(({ queue }) => queue)],
  });
};

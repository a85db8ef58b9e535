import type { Pool, PoolClient } from 'pg';
import type { PublishedEvent } from '../event.ts';
import type { Subscription } from '../source.ts';
import type { CheckpointKey } from './checkpoint.ts';
import { inTransaction } from './transaction.ts';

interface ParkedRow {
  readonly id: string;
  readonly event: PublishedEvent;
  readonly attempts: number;
}

/** The maximum number of parked events of one subject per transaction. */
const AT_ONCE = 500;

/**
 * Retries one due event. If it succeeds, the events that wait behind it follow in order, until one fails.
 * @returns milliseconds until the next retry is due: 0 after a try, Infinity when no event is parked
 */
export const retryDue = (
  pool: Pool,
  { subscription, source }: CheckpointKey,
  { handle }: Pick<Subscription, 'handle'>,
  ladder: readonly number[],
  onError: (error: unknown, what: string) => void,
): Promise<number> =>
  inTransaction(pool, async (tx) => {
    const due = await tx.query<{ id: string; subject: string; due_in: number }>({
      name: 'due_parked',
      text: `select id, subject, ceil(extract(epoch from next_attempt_at - now()) * 1000)::float8 as due_in
        from parked_events where subscription = $1 and source = $2 and status = 'retrying'
        order by next_attempt_at limit 1 for update skip locked`,
      values: [subscription, source],
    });
    const [first] = due.rows;
    if (first === undefined) return Infinity;
    if (first.due_in > 0) return first.due_in;
    const { rows } = await tx.query<ParkedRow>(
      `select id, event, attempts from parked_events
       where subscription = $1 and source = $2 and subject = $3 and id >= $4 order by id limit ${AT_ONCE + 1}`,
      [subscription, source, first.subject, first.id],
    );
    for (const row of rows.slice(0, AT_ONCE)) {
      await tx.query('savepoint one');
      try {
        await handle([row.event], tx);
        await tx.query('delete from parked_events where id = $1', [row.id]);
        await tx.query('release savepoint one');
      } catch (error) {
        await tx.query('rollback to savepoint one');
        await fail(tx, row, ladder, error);
        onError(error, `${row.event.type} ${row.event.id} failed in ${subscription}, attempt ${row.attempts + 1}`);
        return 0;
      }
    }
    const next = rows[AT_ONCE];
    if (next !== undefined) await release(tx, next.id);
    return 0;
  });

/**
 * Handles orphans: an event that was parked behind another just as that one succeeded is the first of its subject, and
 * nothing triggers its retry. This query makes orphans due. They are rare, so an occasional query is enough.
 */
export const releaseOrphans = async (pool: Pool, { subscription, source }: CheckpointKey): Promise<void> => {
  await pool.query({
    name: 'release_orphans',
    text: `update parked_events set status = 'retrying', next_attempt_at = now()
      where status = 'waiting' and id in (
        select min(id) from parked_events where subscription = $1 and source = $2 group by subject)`,
    values: [subscription, source],
  });
};

const release = (tx: PoolClient, id: string): Promise<unknown> =>
  tx.query(`update parked_events set status = 'retrying', next_attempt_at = now() where id = $1`, [id]);

const fail = async (
  tx: PoolClient,
  { id, attempts }: ParkedRow,
  ladder: readonly number[],
  error: unknown,
): Promise<void> => {
  const wait = ladder[attempts];
  await tx.query(
    `update parked_events set status = $2, attempts = attempts + 1, last_error = $3,
       next_attempt_at = clock_timestamp() + make_interval(secs => $4) where id = $1`,
    [id, wait === undefined ? 'dead' : 'retrying', String(error), wait === undefined ? null : (wait / 1000) * jitter()],
  );
};

/** Jitter of ±20 %, so that events that failed together are not all retried at the same moment. */
const jitter = (): number => 0.8 + Math.random() * 0.4;

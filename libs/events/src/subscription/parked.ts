import type { Pool, PoolClient } from 'pg';
import type { PublishedEvent } from '../event.ts';
import type { Subscription } from '../source.ts';
import { inTransaction } from './transaction.ts';

export interface ParkedKey {
  readonly subscription: string;
  readonly source: string;
}

interface ParkedRow {
  readonly id: string;
  readonly subject: string;
  readonly event: PublishedEvent;
  readonly attempts: number;
}

/** Subjects among those of `events` whose earlier events are parked: what follows must wait behind them. */
export const parkedSubjects = async (
  tx: PoolClient,
  { subscription, source }: ParkedKey,
  events: readonly PublishedEvent[],
): Promise<ReadonlySet<string>> => {
  if (events.length === 0) return new Set();
  const { rows } = await tx.query<{ subject: string }>({
    name: 'parked_subjects',
    text: 'select distinct subject from parked_events where subscription = $1 and source = $2 and subject = any($3)',
    values: [subscription, source, [...new Set(events.map(({ subject }) => subject))]],
  });
  return new Set(rows.map(({ subject }) => subject));
};

export const park = async (
  tx: PoolClient,
  { subscription, source }: ParkedKey,
  events: readonly PublishedEvent[],
  how: { readonly status: 'waiting' } | { readonly status: 'retrying'; readonly error: unknown; readonly afterMs: number },
): Promise<void> => {
  if (events.length === 0) return;
  const retrying = how.status === 'retrying' ? how : undefined;
  await tx.query(
    `insert into parked_events (subscription, source, subject, event, status, attempts, next_attempt_at, last_error)
     select $1, $2, e.event->>'subject', e.event, $4, $5, now() + make_interval(secs => $6), $7
     from unnest($3::jsonb[]) with ordinality as e(event, n) order by n`,
    [
      subscription,
      source,
      events.map((event) => JSON.stringify(event)),
      how.status,
      retrying === undefined ? 0 : 1,
      retrying === undefined ? null : retrying.afterMs / 1000,
      retrying === undefined ? null : String(retrying.error),
    ],
  );
};

/**
 * Tries one due event again. When it goes through, those that wait behind it follow in order, until one fails in its turn.
 * @returns whether there was one
 */
export const retryDue = (
  pool: Pool,
  { subscription, source }: ParkedKey,
  { handle }: Pick<Subscription, 'handle'>,
  ladder: readonly number[],
  onError: (error: unknown, what: string) => void,
): Promise<boolean> =>
  inTransaction(pool, async (tx) => {
    const due = await tx.query<ParkedRow>({
      name: 'due_parked',
      text: `select id, subject, event, attempts from parked_events
        where subscription = $1 and source = $2 and status = 'retrying' and next_attempt_at <= now()
        order by next_attempt_at limit 1 for update skip locked`,
      values: [subscription, source],
    });
    const [first] = due.rows;
    if (first === undefined) return false;
    // New events of the subject park behind these while we work: the checkpoint's lock orders them after this transaction.
    await tx.query('select from checkpoints where subscription = $1 and source = $2 for update', [subscription, source]);
    const { rows } = await tx.query<ParkedRow>(
      `select id, subject, event, attempts from parked_events
       where subscription = $1 and source = $2 and subject = $3 order by id for update`,
      [subscription, source, first.subject],
    );
    for (const row of rows) {
      await tx.query('savepoint one');
      try {
        await handle([row.event], tx);
        await tx.query('delete from parked_events where id = $1', [row.id]);
        await tx.query('release savepoint one');
      } catch (error) {
        await tx.query('rollback to savepoint one');
        await fail(tx, row, ladder, error);
        onError(error, `${row.event.type} ${row.event.id} failed in ${subscription}, attempt ${row.attempts + 1}`);
        break;
      }
    }
    return true;
  });

const fail = async (tx: PoolClient, { id, attempts }: ParkedRow, ladder: readonly number[], error: unknown): Promise<void> => {
  const wait = ladder[attempts];
  await tx.query(
    `update parked_events set status = $2, attempts = attempts + 1, last_error = $3,
       next_attempt_at = now() + make_interval(secs => $4) where id = $1`,
    [id, wait === undefined ? 'dead' : 'retrying', String(error), wait === undefined ? null : (wait / 1000) * jitter()],
  );
};

/** ±20 %: what failed together need not come back together. */
const jitter = (): number => 0.8 + Math.random() * 0.4;

/** A dead letter: an event that went through all its tries. Later events of its subject wait behind it. */
export interface DeadLetter {
  readonly id: string;
  readonly subscription: string;
  readonly source: string;
  readonly subject: string;
  readonly event: PublishedEvent;
  readonly attempts: number;
  readonly last_error: string;
  readonly parked_at: Date;
  /** Events of the subject that wait behind it. */
  readonly behind: number;
}

export const listDeadLetters = async (pool: Pool, subscription?: string): Promise<DeadLetter[]> => {
  const { rows } = await pool.query<DeadLetter>(
    `select id, subscription, source, subject, event, attempts, last_error, parked_at,
       (select count(*)::int from parked_events w where w.subscription = d.subscription and w.source = d.source
          and w.subject = d.subject and w.id > d.id) as behind
     from parked_events d where status = 'dead' and ($1::text is null or subscription = $1) order by id`,
    [subscription ?? null],
  );
  return rows;
};

/** Has a dead letter, or all of them, tried again at once, from the first pause of the ladder. @returns how many */
export const replayDeadLetters = async (pool: Pool, id?: string): Promise<number> => {
  const { rowCount } = await pool.query(
    `update parked_events set status = 'retrying', attempts = 0, next_attempt_at = now()
     where status = 'dead' and ($1::bigint is null or id = $1)`,
    [id ?? null],
  );
  return rowCount ?? 0;
};

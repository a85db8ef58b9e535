import type { Pool } from 'pg';
import type { PublishedEvent } from '../event.ts';

/** An event whose retries are exhausted. Later events of its subject wait behind it until it is replayed. */
export interface DeadLetter {
  readonly id: string;
  readonly subscription: string;
  /** The service that published the event. */
  readonly source: string;
  readonly subject: string;
  readonly event: PublishedEvent;
  readonly attempts: number;
  readonly last_error: string;
  readonly parked_at: Date;
  /** Events of the subject that wait behind it. */
  readonly behind: number;
}

export interface DeadLetterQuery {
  readonly subscription?: string;
  /** Those after this one, by id. */
  readonly after?: string;
  /** At most this many (default 100). */
  readonly limit?: number;
}

/** Dead letters of a service's subscriptions, oldest first. */
export const listDeadLetters = async (pool: Pool, query: DeadLetterQuery = {}): Promise<DeadLetter[]> => {
  const { subscription, after = '0', limit = 100 } = query;
  const { rows } = await pool.query<DeadLetter>(
    `select id, subscription, source, subject, event, attempts, last_error, parked_at,
       (select count(*)::int from parked_events w where w.subscription = d.subscription and w.source = d.source
          and w.subject = d.subject and w.id > d.id) as behind
     from parked_events d
     where status = 'dead' and ($1::text is null or subscription = $1) and id > $2 order by id limit $3`,
    [subscription ?? null, after, limit],
  );
  return rows;
};

/**
 * Retries a dead letter, those of a subject, or all of them immediately, with the full sequence of retries. @returns how many
 */
export const replayDeadLetters = async (
  pool: Pool,
  which: { readonly id?: string; readonly subject?: string; readonly subscription?: string } = {},
): Promise<number> => {
  const { rowCount } = await pool.query(
    `update parked_events set status = 'retrying', attempts = 0, next_attempt_at = now()
     where status = 'dead' and ($1::bigint is null or id = $1) and ($2::text is null or subject = $2)
       and ($3::text is null or subscription = $3)`,
    [which.id ?? null, which.subject ?? null, which.subscription ?? null],
  );
  return rowCount ?? 0;
};

/** How many events of each subscription are parked, by what they wait for; for metrics and alerts. */
export interface ParkedCount {
  readonly subscription: string;
  readonly status: 'waiting' | 'retrying' | 'dead';
  readonly events: number;
}

export const countParked = async (pool: Pool): Promise<ParkedCount[]> => {
  const { rows } = await pool.query<ParkedCount>(
    'select subscription, status, count(*)::int as events from parked_events group by subscription, status',
  );
  return rows;
};

import type { PoolClient } from 'pg';
import type { PublishedEvent } from '../event.ts';
import type { CheckpointKey } from './checkpoint.ts';

/** Subjects among those of `events` with parked events: their later events must wait behind them. */
export const parkedSubjects = async (
  tx: PoolClient,
  { subscription, source }: CheckpointKey,
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

/** Parks events in the transaction of the checkpoint that passes them. `id` keeps their order. */
export const park = async (
  tx: PoolClient,
  { subscription, source }: CheckpointKey,
  events: readonly PublishedEvent[],
  how:
    { readonly status: 'waiting' } | { readonly status: 'retrying'; readonly error: unknown; readonly afterMs: number },
): Promise<void> => {
  if (events.length === 0) return;
  const retrying = how.status === 'retrying' ? how : undefined;
  await tx.query(
    `insert into parked_events (subscription, source, subject, event, status, attempts, next_attempt_at, last_error)
     select $1, $2, e.event->>'subject', e.event, $4, $5, clock_timestamp() + make_interval(secs => $6), $7
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

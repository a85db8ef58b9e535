import { Inject, Injectable } from '@nestjs/common';
import type { Static } from 'typebox';
import { newId } from '#domain/shared/id';
import { inTransaction } from '#events/subscription/transaction';
import type { ServiceDatabase } from '#platform/database/database';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import { Problem } from '#platform/http/problem';
import { DATABASE } from '#platform/service';
import { arrangeQueues, lockQueues, type Queue } from '../deliveries/queues.ts';
import type { createReplay, listReplays, Replay } from './replay.endpoints.ts';
import type { ReplayRow, ReplayStatus } from './replay.table.ts';

type Asked = Static<(typeof createReplay)['body']>;
type Filters = Static<(typeof listReplays)['query']>;

interface ListedRow extends ReplayRow {
  readonly pending: number;
  readonly succeeded: number;
  readonly failed: number;
}

const LISTED = `
  select r.*, c.pending, c.succeeded, c.failed
  from replays r
  cross join lateral (
    select count(*) filter (where status = 'pending')::int as pending,
      count(*) filter (where status = 'succeeded')::int as succeeded,
      count(*) filter (where status = 'failed')::int as failed
    from deliveries where replay_id = r.id
  ) c`;

/** A replay begins with the first stored event that is asked for, and ends with the last event at this time. */
const CREATE = `
  insert into replays (id, endpoint_id, kind, failed_since, from_position, to_position, position, status)
  select $1, $2, $3, $4, first, last, first - 1, 'running'
  from (select coalesce(max(position), 0) as last from outgoing_events) l
  cross join lateral (
    select coalesce(min(position), last + 1) as first from outgoing_events
    where ($5::timestamptz is null or (taken_at >= $5 and day >= extract(epoch from $5::timestamptz)::bigint / 86400))
      and position >= coalesce($6::bigint, 0)
  ) f
  on conflict (endpoint_id) where status in ('running', 'paused') do nothing
  returning id`;

/** Takes back queued deliveries that are not being sent: new ones are deleted, the others get their former status. */
const TAKE_BACK = `
  with waiting as materialized (
    select id, day, seq, endpoint_id, queue, replay_of is null and attempts = 0 as untried from deliveries
    where replay_id = $1 and status = 'pending' and (claimed_until is null or claimed_until < now())
    for update
  ),
  gone as (
    delete from deliveries d using waiting w where d.id = w.id and d.day = w.day and w.untried
  ),
  restored as (
    update deliveries d set status = coalesce(d.replay_of, 'failed'), due_at = null, settled_at = now(), replay_id = null
    from waiting w where d.id = w.id and d.day = w.day and not w.untried
  )
  select seq, endpoint_id, queue from waiting`;

/** Replays of webhooks. */
@Injectable()
export class Replays {
  constructor(@Inject(DATABASE) private readonly database: ServiceDatabase) {}

  /** @throws Problem 409 while another of the same webhook is under way */
  async create(endpointId: string, { since, from_position, failed_since }: Asked): Promise<Replay> {
    const id = newId('rpl');
    const kind = failed_since === undefined ? 'everything' : 'failed';
    const { rowCount } = await this.database.pool.query({
      name: 'create_replay',
      text: CREATE,
      values: [id, endpointId, kind, failed_since ?? null, since ?? null, from_position ?? null],
    });
    if (rowCount === 0) {
      throw new Problem(
        409,
        'REPLAY_UNDER_WAY',
        'Another replay of this webhook is under way: cancel it or let it end.',
      );
    }
    return this.#one(endpointId, id);
  }

  /** @throws Problem 404 */
  read(endpointId: string, id: string): Promise<Replay> {
    return this.#one(endpointId, id);
  }

  /** Newest first. */
  async page(endpointId: string, filters: Filters): Promise<{ data: Replay[]; next_cursor: string | null }> {
    const { limit = DEFAULT_LIMIT, cursor, status = null } = filters;
    const [before = null] = decodeCursor(cursor, ['string']);
    const { rows } = await this.database.pool.query<ListedRow>({
      name: 'replays',
      text: `${LISTED} where r.endpoint_id = $1 and ($2::text is null or r.id < $2) and ($3::text is null or r.status = $3)
        order by r.id desc limit $4`,
      values: [endpointId, before, status, limit + 1],
    });
    return pageOf(rows, limit, ({ id }) => [id], view);
  }

  /** Pauses, resumes or cancels a replay; no change when it already is in that state. @throws Problem 404, or 409 when it has ended */
  async change(endpointId: string, id: string, to: 'running' | 'paused' | 'canceled'): Promise<Replay> {
    await inTransaction(this.database.pool, async (tx) => {
      await lockQueues(tx);
      const { rows } = await tx.query<{ status: ReplayStatus }>(
        'select status from replays where id = $1 and endpoint_id = $2 for update',
        [id, endpointId],
      );
      const [replay] = rows;
      if (replay === undefined) throw notFound();
      if (replay.status === to) return;
      if (replay.status === 'completed' || replay.status === 'canceled') {
        throw new Problem(409, 'REPLAY_ENDED', `The replay is ${replay.status}.`);
      }
      const taken = to === 'running' ? [] : (await tx.query<Queue & { seq: string }>(TAKE_BACK, [id])).rows;
      await arrangeQueues(taken, tx);
      const first = taken.length === 0 ? null : Math.min(...taken.map(({ seq }) => Number(seq)));
      await tx.query(
        `update replays set status = $2, finished_at = case when $2 = 'canceled' then now() end,
           position = case when $2 = 'paused' then least(position, $3::bigint - 1) else position end
         where id = $1`,
        [id, to, first],
      );
    });
    return this.#one(endpointId, id);
  }

  async #one(endpointId: string, id: string): Promise<Replay> {
    const { rows } = await this.database.pool.query<ListedRow>({
      name: 'replay',
      text: `${LISTED} where r.id = $1 and r.endpoint_id = $2`,
      values: [id, endpointId],
    });
    const [row] = rows;
    if (row === undefined) throw notFound();
    return view(row);
  }
}

const notFound = (): Problem => new Problem(404, 'REPLAY_NOT_FOUND', 'There is no such replay.');

const view = (row: ListedRow): Replay => {
  const { id, endpoint_id, kind, failed_since, status, pending, succeeded, failed, created_at, finished_at } = row;
  return {
    id,
    webhook_id: endpoint_id,
    kind,
    failed_since: failed_since?.toISOString() ?? null,
    status,
    from_position: Number(row.from_position),
    to_position: Number(row.to_position),
    position: Number(row.position),
    deliveries: { pending, succeeded, failed },
    created_at: created_at.toISOString(),
    finished_at: finished_at?.toISOString() ?? null,
  };
};

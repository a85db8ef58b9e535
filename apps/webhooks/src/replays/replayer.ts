import { Inject, Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { inTransaction } from '#events/subscription/transaction';
import { BackgroundWork, type Due, type DueQuery } from '#platform/background/background-work';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import { DUE_CHANNEL } from '../deliveries/delivery.table.ts';
import { arrangeQueues, lockQueues } from '../deliveries/queues.ts';
import { laneOf } from '../sending/claimed.ts';
import { feedEvents, feedFailed, type Receiver } from './feed.ts';
import type { ReplayRow } from './replay.table.ts';

/** The most deliveries of a replay that are queued at once, and the number below which more are queued. */
const MOST = 500;
const FEW = 250;

/**
 * Queues the deliveries of running replays in batches, so that a bounded number waits however much there is to send again. A
 * batch and the position that it reaches are written in one transaction: a leader that goes on after a crash leaves nothing out and
 * queues nothing twice.
 */
@Injectable()
export class Replayer extends BackgroundWork {
  readonly name = 'replays';
  override readonly follows = 'real';
  override readonly everyMs = 500;
  override readonly busyMs = 50;
  override readonly parallel = false;
  override readonly retryMs = 1_000;

  constructor(@Inject(DATABASE) private readonly database: ServiceDatabase) {
    super();
  }

  async due({ except }: DueQuery): Promise<readonly Due[]> {
    const { rows } = await this.database.pool.query<Due>({
      name: 'running_replays',
      text: `select id from replays where status = 'running' and id <> all($1) order by id`,
      values: [except],
    });
    return rows;
  }

  async attend(id: string): Promise<void> {
    await inTransaction(this.database.pool, (tx) => queueMore(id, tx));
  }
}

const queueMore = async (id: string, tx: PoolClient): Promise<void> => {
  // Takes the locks in the same order as pausing and canceling a replay.
  await lockQueues(tx);
  const { rows } = await tx.query<ReplayRow>({
    name: 'lock_replay',
    text: `select * from replays where id = $1 and status = 'running' for update`,
    values: [id],
  });
  const [replay] = rows;
  if (replay === undefined) return;
  const receiver = await receiverOf(replay, tx);
  if (receiver === undefined) return end(id, 'canceled', tx);
  if (!receiver.active) return;
  const waiting = await waitingOf(id, tx);
  if (Number(replay.position) >= Number(replay.to_position)) {
    if (waiting === 0) await end(id, 'completed', tx);
    return;
  }
  if (waiting >= FEW) return;
  const room = MOST - waiting;
  const { queued, position } =
    replay.kind === 'failed' ? await feedFailed(replay, room, tx) : await feedEvents(replay, receiver, room, tx);
  await arrangeQueues(queued, tx);
  await tx.query({
    name: 'replay_is_at',
    text: `update replays set position = $2 where id = $1`,
    values: [id, position],
  });
  if (queued.length > 0) await tx.query(`select pg_notify('${DUE_CHANNEL}', $1)`, [laneOf(replay.endpoint_id, true)]);
};

const receiverOf = async ({ endpoint_id }: ReplayRow, tx: PoolClient): Promise<Receiver | undefined> => {
  const { rows } = await tx.query<Receiver>({
    name: 'replay_receiver',
    text: `select id, active, product_id, events, ordering, settings -> 'filter' as filter
      from webhook_endpoints where id = $1`,
    values: [endpoint_id],
  });
  return rows[0];
};

const waitingOf = async (id: string, tx: PoolClient): Promise<number> => {
  const { rows } = await tx.query<{ waiting: number }>({
    name: 'replay_waiting',
    text: `select count(*)::int as waiting from deliveries where replay_id = $1 and status = 'pending'`,
    values: [id],
  });
  return rows[0]?.waiting ?? 0;
};

const end = async (id: string, status: 'completed' | 'canceled', tx: PoolClient): Promise<void> => {
  await tx.query(`update replays set status = $2, finished_at = now() where id = $1`, [id, status]);
};

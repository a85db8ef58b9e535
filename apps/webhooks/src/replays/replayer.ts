import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { type Leadership, pause, runAsLeader } from '#events/leader';
import { inTransaction } from '#events/subscription/transaction';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, LOGGER } from '#platform/service';
import type { Logger } from '#platform/telemetry/logger';
import { DUE_CHANNEL } from '../deliveries/delivery.table.ts';
import { arrangeQueues, lockQueues } from '../deliveries/queues.ts';
import { laneOf } from '../sending/claimed.ts';
import { feedEvents, feedFailed, type Receiver } from './feed.ts';
import type { ReplayRow } from './replay.table.ts';

/** A replay's deliveries that are queued at once at most, and below how many it is given more. */
const MOST = 500;
const FEW = 250;
/** How often replays are looked at, in milliseconds: while there is one, and while there is none. */
const BUSY_MS = 50;
const IDLE_MS = 500;

/**
 * Gives running replays their deliveries, a helping at a time, so that what waits is bounded however much there is to send
 * again. A helping and how far it goes are written in one transaction: who goes on after a crash leaves nothing out and queues
 * nothing twice.
 */
@Injectable()
export class Replayer implements OnApplicationBootstrap, OnModuleDestroy {
  #leadership: Leadership | undefined;

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.#leadership = runAsLeader(
      this.database.pool,
      'keyledger:webhooks:replays',
      (signal) => this.#run(signal),
      (error) => this.logger.warn({ err: error }, 'replays could not go on; they are tried again'),
    );
  }

  async onModuleDestroy(): Promise<void> {
    await this.#leadership?.stop();
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { rows } = await this.database.pool.query<{ id: string }>({
        name: 'running_replays',
        text: `select id from replays where status = 'running' order by id`,
      });
      for (const { id } of rows) {
        if (signal.aborted) return;
        await inTransaction(this.database.pool, (tx) => help(id, tx));
      }
      await pause(rows.length === 0 ? IDLE_MS : BUSY_MS, signal);
    }
  }
}

const help = async (id: string, tx: PoolClient): Promise<void> => {
  // In the order in which whoever pauses or cancels it takes them.
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

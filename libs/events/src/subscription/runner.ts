import type { Pool, PoolClient } from 'pg';
import type { PublishedEvent } from '../event.ts';
import { pause } from '../leader.ts';
import type { EventSource, SourceBatch, Subscription } from '../source.ts';
import { wants } from '../store/writer.ts';
import { startSpan } from '../trace.ts';
import { park, parkedSubjects, retryDue } from './parked.ts';
import { inTransaction } from './transaction.ts';

export interface RunnerOptions {
  readonly pool: Pool;
  readonly subscription: Subscription;
  readonly source: EventSource;
  /** Events taken at once at most (default 500). */
  readonly batch?: number;
  /** Pauses before each further try of an event that failed, in milliseconds; after the last it is dead. */
  readonly ladder?: readonly number[];
  readonly onError: (error: unknown, what: string) => void;
}

/** 0.1 s … 5 min, about nine minutes in all: an outage of the handler's own needs is outlived without dead letters. */
export const LADDER_MS: readonly number[] = [100, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000];

const BATCH = 500;
/** Pause after the database or the source could not be reached, in milliseconds. */
const AWAY_MS = 500;
/** How often parked events are looked for, in milliseconds. */
const RETRY_MS = 100;

/**
 * Brings one source's events to one subscription. The checkpoint is written in the transaction of the effect and its row is
 * locked first, so each event has its effect once, whoever is killed whenever and however many instances run.
 */
export class SubscriptionRunner {
  readonly #stopping = new AbortController();
  readonly #positions = new Map<number, number>();
  #running: Promise<unknown> | undefined;

  constructor(private readonly options: RunnerOptions) {}

  start(): void {
    this.#running ??= Promise.all([this.#consume(), this.#retry()]);
  }

  /** Ends after the batch that is under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #consume(): Promise<void> {
    const { source, batch = BATCH, onError } = this.options;
    const { signal } = this.#stopping;
    let known = false;
    while (!signal.aborted) {
      try {
        if (!known) await this.#loadPositions();
        known = true;
        const taken = await source.next((partition) => this.#positions.get(partition) ?? 0, batch, signal);
        if (taken === undefined) continue;
        await this.#apply(taken);
        await taken.done?.();
      } catch (error) {
        // Nothing was committed, or it was and the checkpoint says so: read where we stand and go on.
        known = false;
        if (!signal.aborted) onError(error, `subscription ${this.options.subscription.name} could not go on`);
        await pause(AWAY_MS, signal);
      }
    }
  }

  async #loadPositions(): Promise<void> {
    const { rows } = await this.options.pool.query<{ partition: number; position: string }>(
      'select partition, position from checkpoints where subscription = $1 and source = $2',
      [this.options.subscription.name, this.options.source.service],
    );
    this.#positions.clear();
    for (const { partition, position } of rows) this.#positions.set(partition, Number(position));
  }

  async #apply(taken: SourceBatch): Promise<void> {
    const { subscription } = this.options;
    const wanted = taken.events.filter(({ type }) => wants(subscription.types, type));
    const span = startSpan(`consume ${subscription.name}`, 'consumer', wanted[0]?.traceparent);
    try {
      await this.#inTransaction(taken, wanted, (events, tx) => subscription.handle(events, tx));
      span.end();
    } catch (error) {
      span.end(error);
      // The batch was undone as a whole; one by one it shows which events it is that cannot be handled.
      await this.#inTransaction(taken, wanted, (events, tx) => this.#oneByOne(events, tx));
    }
  }

  async #inTransaction(
    { partition, position }: SourceBatch,
    wanted: readonly PublishedEvent[],
    handle: (events: readonly PublishedEvent[], tx: PoolClient) => Promise<void>,
  ): Promise<void> {
    await inTransaction(this.options.pool, async (tx) => {
      const reached = await this.#lockCheckpoint(tx, partition);
      const fresh = wanted.filter((event) => event.position > reached);
      const blocked = await parkedSubjects(tx, this.#key, fresh);
      const behind = fresh.filter(({ subject }) => blocked.has(subject));
      const free = fresh.filter(({ subject }) => !blocked.has(subject));
      await park(tx, this.#key, behind, { status: 'waiting' });
      if (free.length > 0) await handle(free, tx);
      if (position > reached) await this.#moveCheckpoint(tx, partition, position);
      this.#positions.set(partition, Math.max(position, reached));
    });
  }

  async #oneByOne(events: readonly PublishedEvent[], tx: PoolClient): Promise<void> {
    const failed = new Set<string>();
    for (const event of events) {
      if (failed.has(event.subject)) {
        await park(tx, this.#key, [event], { status: 'waiting' });
        continue;
      }
      await tx.query('savepoint one');
      try {
        await this.options.subscription.handle([event], tx);
        await tx.query('release savepoint one');
      } catch (error) {
        await tx.query('rollback to savepoint one');
        failed.add(event.subject);
        await park(tx, this.#key, [event], { status: 'retrying', error, afterMs: this.#ladder[0] ?? 0 });
        this.options.onError(error, `${event.type} ${event.id} failed in ${this.options.subscription.name}`);
      }
    }
  }

  async #retry(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        const found = await retryDue(this.options.pool, this.#key, this.options.subscription, this.#ladder, this.options.onError);
        if (!found) await pause(RETRY_MS, signal);
      } catch (error) {
        if (!signal.aborted) this.options.onError(error, `parked events of ${this.options.subscription.name} could not be tried`);
        await pause(AWAY_MS, signal);
      }
    }
  }

  async #lockCheckpoint(tx: PoolClient, partition: number): Promise<number> {
    const values = [this.options.subscription.name, this.options.source.service, partition];
    const select = {
      name: 'lock_checkpoint',
      text: 'select position from checkpoints where subscription = $1 and source = $2 and partition = $3 for update',
      values,
    };
    let { rows } = await tx.query<{ position: string }>(select);
    if (rows.length === 0) {
      await tx.query('insert into checkpoints values ($1, $2, $3, 0) on conflict do nothing', values);
      ({ rows } = await tx.query<{ position: string }>(select));
    }
    return Number(rows[0]?.position);
  }

  async #moveCheckpoint(tx: PoolClient, partition: number, position: number): Promise<void> {
    await tx.query({
      name: 'move_checkpoint',
      text: 'update checkpoints set position = $4 where subscription = $1 and source = $2 and partition = $3',
      values: [this.options.subscription.name, this.options.source.service, partition, position],
    });
  }

  get #key(): { subscription: string; source: string } {
    return { subscription: this.options.subscription.name, source: this.options.source.service };
  }

  get #ladder(): readonly number[] {
    return this.options.ladder ?? LADDER_MS;
  }
}

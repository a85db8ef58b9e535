import type { Pool, PoolClient } from 'pg';
import { Bell } from '../bell.ts';
import type { PublishedEvent } from '../event.ts';
import { pause } from '../leader.ts';
import type { EventSource, SourceBatch, Subscription } from '../source.ts';
import { wants } from '../store/writer.ts';
import { startSpan } from '../trace.ts';
import {
  type CheckpointKey,
  effectiveUpTo,
  lockCheckpoint,
  moveCheckpoint,
  type Positions,
  readPositions,
} from './checkpoint.ts';
import { park, parkedSubjects } from './parked.ts';
import { releaseOrphans, retryDue } from './retry.ts';
import { inPieces } from './transaction.ts';

export interface RunnerOptions {
  /** Connections whose `search_path` is the subscribing service's schema. */
  readonly pool: Pool;
  readonly subscription: Subscription;
  readonly source: EventSource;
  /** The maximum number of events per batch (default 500). */
  readonly batch?: number;
  /** Pauses before each retry of a failed event, in milliseconds; after the last retry the event is dead. */
  readonly ladder?: readonly number[];
  readonly onError: (error: unknown, what: string) => void;
}

/** 0.1 s … 5 min, about nine minutes in total: a shorter outage of a system that the handler needs causes no dead letters. */
export const LADDER_MS: readonly number[] = [100, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000];

const BATCH = 500;
/** The maximum number of events that are handled one by one in one transaction; later events are handled as a batch again. */
const ONE_BY_ONE = 50;
/** Pause after a failure to reach the database or the source, in milliseconds. */
const AWAY_MS = 500;
/** How often parked events are looked up if none is known to be due sooner: other processes may park events and stop. */
const LOOK_MS = 1_000;
/** How often orphans among parked events are looked up, in milliseconds. */
const ORPHANS_MS = 2_000;
/** How often a subscription without wanted events stores its checkpoint, in milliseconds. */
const PASS_MS = 1_000;

/**
 * Delivers one source's events to one subscription. The checkpoint is written in the transaction of the effect, under an
 * exclusive lock. So each event has its effect exactly once, with any number of instances and after any crash.
 */
export class SubscriptionRunner {
  readonly #stopping = new AbortController();
  /** Rings when an event was parked here, or when the runner must stop. */
  readonly #parked = new Bell();
  readonly #key: CheckpointKey;
  readonly #ladder: readonly number[];
  #positions: Positions | undefined;
  #passedAt = -Infinity;
  #running: Promise<unknown> | undefined;

  constructor(private readonly options: RunnerOptions) {
    this.#key = { subscription: options.subscription.name, source: options.source.service };
    this.#ladder = options.ladder ?? LADDER_MS;
  }

  start(): void {
    this.#running ??= Promise.all([this.#consume(), this.#retry()]);
  }

  /** Stops after the current batch. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#parked.ring();
    await this.#running;
  }

  /** How many events of the source are still to be handled, by any instance. */
  async lag(): Promise<number> {
    const positions = this.#positions ?? (await readPositions(this.options.pool, this.#key));
    return this.options.source.lag((partition) => positions.get(partition) ?? 0);
  }

  async #consume(): Promise<void> {
    const { pool, source, subscription, batch = BATCH, onError } = this.options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        const positions = (this.#positions ??= await readPositions(pool, this.#key));
        const taken = await source.next((partition) => positions.get(partition) ?? 0, batch, signal);
        if (taken === undefined) continue;
        if (await this.#apply(taken)) await taken.done?.();
      } catch (error) {
        // The checkpoint shows whether the transaction was committed: it is read again, and the runner continues from there.
        this.#positions = undefined;
        if (!signal.aborted) onError(error, `subscription ${subscription.name} could not go on`);
        await pause(AWAY_MS, signal);
      }
    }
  }

  /** @returns whether the whole batch has had its effect; a stopping runner skips the rest */
  async #apply(taken: SourceBatch): Promise<boolean> {
    const { subscription } = this.options;
    const wanted = taken.events.filter(({ type }) => wants(subscription.types, type));
    if (wanted.length === 0) {
      await this.#pass(taken);
      return true;
    }
    // A batch belongs to many traces, and each of them shows it.
    const parents = new Set(wanted.map(({ traceparent }) => traceparent));
    const spans = [...parents].map((parent) => startSpan(`consume ${subscription.name}`, 'consumer', parent));
    let rest: readonly PublishedEvent[] = wanted;
    let failure: unknown;
    try {
      do {
        try {
          rest = await this.#effect(taken, rest, (events, tx) => subscription.handle(events, tx));
        } catch (error) {
          failure = error;
          // The batch was rolled back as a whole. Handling the events one by one shows which of them fail.
          rest = await this.#effect(taken, rest, (events, tx) => this.#oneByOne(events, tx));
          this.#parked.ring();
        }
      } while (rest.length > 0 && !this.#stopping.signal.aborted);
    } finally {
      for (const span of spans) span.end(failure);
    }
    return rest.length === 0;
  }

  /** Unwanted events do not need a transaction each; the checkpoint that passes them is stored occasionally. */
  async #pass(taken: SourceBatch): Promise<void> {
    const due = performance.now() - this.#passedAt >= PASS_MS;
    if (due) {
      this.#passedAt = performance.now();
      await this.#effect(taken, [], nothing);
      return;
    }
    this.#positions = new Map(this.#positions).set(taken.partition, taken.position);
  }

  /**
   * One transaction: new events have their effect, or wait behind failed ones, and the checkpoint moves.
   * @returns the events that the handler has left for another transaction
   */
  async #effect(
    { partition, position }: SourceBatch,
    wanted: readonly PublishedEvent[],
    handle: Subscription['handle'],
  ): Promise<readonly PublishedEvent[]> {
    let upTo = position;
    this.#positions = await inPieces(
      this.options.pool,
      (tx) => Promise.all([lockCheckpoint(tx, this.#key, partition), parkedSubjects(tx, this.#key, wanted)]),
      async ([reached, blocked], tx) => {
        const done = await effectiveUpTo(reached, this.options.source);
        const fresh = wanted.filter(({ position, subject }) => position > done(partition, subject));
        const free = fresh.filter(({ subject }) => !blocked.has(subject));
        const count = free.length > 0 ? await handle(free, tx) : undefined;
        const left = free[count ?? free.length];
        if (left !== undefined) upTo = left.position - 1;
        await park(
          tx,
          this.#key,
          fresh.filter(({ position, subject }) => position <= upTo && blocked.has(subject)),
          { status: 'waiting' },
        );
        return new Map(reached).set(partition, Math.max(upTo, reached.get(partition) ?? 0));
      },
      (_positions, tx) => moveCheckpoint(tx, this.#key, partition, upTo),
    );
    return wanted.filter((event) => event.position > upTo);
  }

  async #oneByOne(events: readonly PublishedEvent[], tx: PoolClient): Promise<number> {
    const failed = new Set<string>();
    const some = events.slice(0, ONE_BY_ONE);
    for (const event of some) {
      if (failed.has(event.subject)) {
        await park(tx, this.#key, [event], { status: 'waiting' });
        continue;
      }
      await tx.query('savepoint one');
      try {
        await this.options.subscription.handle([event], tx);
        await tx.query('release savepoint one');
      } catch (error) {
        // If the connection itself was lost, this fails too, and nothing is parked: the event did not cause the failure.
        await tx.query('rollback to savepoint one');
        failed.add(event.subject);
        await park(tx, this.#key, [event], { status: 'retrying', error, afterMs: this.#ladder[0] ?? 0 });
        this.options.onError(error, `${event.type} ${event.id} failed in ${this.options.subscription.name}`);
      }
    }
    return some.length;
  }

  async #retry(): Promise<void> {
    const { pool, subscription, onError } = this.options;
    const { signal } = this.#stopping;
    let orphansAt = -Infinity;
    while (!signal.aborted) {
      try {
        if (performance.now() - orphansAt >= ORPHANS_MS) {
          orphansAt = performance.now();
          await releaseOrphans(pool, this.#key);
        }
        const dueIn = await retryDue(pool, this.#key, subscription, this.#ladder, onError);
        if (dueIn > 0) await this.#parked.wait(Math.min(dueIn, LOOK_MS));
      } catch (error) {
        if (!signal.aborted) onError(error, `parked events of ${subscription.name} could not be tried`);
        await pause(AWAY_MS, signal);
      }
    }
  }
}

const nothing = (): Promise<void> => Promise.resolve();

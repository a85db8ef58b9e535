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
  /** Events taken at once at most (default 500). */
  readonly batch?: number;
  /** Pauses before each further try of an event that failed, in milliseconds; after the last it is dead. */
  readonly ladder?: readonly number[];
  readonly onError: (error: unknown, what: string) => void;
}

/** 0.1 s … 5 min, about nine minutes in all: an outage of the handler's own needs is outlived without dead letters. */
export const LADDER_MS: readonly number[] = [100, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000];

const BATCH = 500;
/** Events tried one by one in one transaction at most; what follows them is taken together again. */
const ONE_BY_ONE = 50;
/** Pause after the database or the source could not be reached, in milliseconds. */
const AWAY_MS = 500;
/** How often parked events are looked for where none is known to be due sooner: other processes park some, and leave some. */
const LOOK_MS = 1_000;
/** How often orphans are looked for among them, in milliseconds. */
const ORPHANS_MS = 2_000;
/** How often the checkpoint of a subscription is written while nothing comes that it wants, in milliseconds. */
const PASS_MS = 1_000;

/**
 * Brings one source's events to one subscription. The checkpoint is written in the transaction of the effect, under a lock
 * that keeps others out, so each event has its effect once, whoever is killed whenever and however many instances run.
 */
export class SubscriptionRunner {
  readonly #stopping = new AbortController();
  /** Rings when an event was parked here, or it is time to stop. */
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

  /** Ends after the batch that is under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#parked.ring();
    await this.#running;
  }

  /** How many events of the source are still to be taken, whoever takes them. */
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
        // Whether anything was committed, the checkpoint says: read where we stand and go on from there.
        this.#positions = undefined;
        if (!signal.aborted) onError(error, `subscription ${subscription.name} could not go on`);
        await pause(AWAY_MS, signal);
      }
    }
  }

  /** @returns whether all of it has had its effect: whoever is told to stop leaves what is not under way */
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
          // They were undone as a whole; one by one it shows which events it is that cannot be handled.
          rest = await this.#effect(taken, rest, (events, tx) => this.#oneByOne(events, tx));
          this.#parked.ring();
        }
      } while (rest.length > 0 && !this.#stopping.signal.aborted);
    } finally {
      for (const span of spans) span.end(failure);
    }
    return rest.length === 0;
  }

  /** Events that are not wanted need no transaction each; now and then it is written down how far they have been passed by. */
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
   * One transaction: what is new has its effect, or waits behind what failed before it, and the checkpoint moves.
   * @returns what the handler has left for another one
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
        // Where the connection itself was lost this fails too, and nothing is parked: it is not the event's fault.
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

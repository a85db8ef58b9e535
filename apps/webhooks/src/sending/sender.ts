import { randomUUID } from 'node:crypto';
import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { hear } from '#events/hearing';
import { keyedPool } from '#events/subscription/transaction';
import { type DeliveryStatus, DUE_CHANNEL } from '../deliveries/delivery.table.ts';
import type { Opening } from '../endpoints/secret.ts';
import type { AddressRule } from './addresses.ts';
import { type Attempt, attempt } from './attempt.ts';
import { Bell } from './bell.ts';
import { type Claimed, endpointOf, laneOf, type Reached } from './claimed.ts';
import { Claims } from './claims.ts';
import { ConnectionPools } from './connection-pool.ts';
import { fairShare } from './fair.ts';
import { Holdings } from './holdings.ts';
import { Lane } from './lane.ts';
import { messageOf } from './message.ts';
import { Places } from './places.ts';
import { Recorder } from './recorder.ts';
import type { DeliverySettings } from './settings.ts';
import type { Target } from './target.ts';
import { Targets } from './targets.ts';
import { isGone, verdictOn } from './verdict.ts';

export interface SenderOptions {
  readonly pool: Pool;
  readonly settings: DeliverySettings;
  readonly refused: AddressRule;
  /** What endpoints' secrets are sealed under. */
  readonly masterKey: Opening;
  /** The endpoint answered 410: it wants no more. */
  readonly onGone: (endpointId: string) => Promise<void>;
  /** An attempt has been made, and what it came to has been written. */
  readonly onAttempt?: (attempt: Attempt, status: DeliveryStatus, endpointId: string) => void;
  readonly onError: (error: unknown, what: string) => void;
}

/** Pause after the database could not be reached, in milliseconds. */
const AWAY_MS = 500;
/** How often places are taken back from attempts that only wait, in milliseconds. */
const SWEEP_MS = 100;

/**
 * Sends what is due. Any number of senders work on one database. A crash loses nothing and repeats at most the attempts that were
 * under way, under the same ids: a place in a lane is free again only when the result before it has been written.
 */
export class Sender {
  readonly #lanes = new Map<string, Lane>();
  readonly #holdings: Holdings;
  readonly #cancels = new Set<AbortController>();
  readonly #sending = new Set<Promise<void>>();
  readonly #bell = new Bell();
  /** For claims and results, which take turns on two connections. */
  readonly #keyed: Pool;
  readonly #claims: Claims;
  readonly #recorder: Recorder;
  readonly #pools: ConnectionPools;
  readonly #targets: Targets;
  readonly #places: Places;
  #timers: NodeJS.Timeout[] = [];
  #claiming: Promise<void> | undefined;
  #stopListening: (() => Promise<void>) | undefined;
  #stopping = false;
  /** Counts rounds of claims: whose turn is first. */
  #round = 0;
  /** So much has been claimed that nothing more is, until some of it has been sent. */
  #full = false;
  /** How busy the event loop had been when places were last swept. */
  #loop: EventLoopUtilization = performance.eventLoopUtilization();

  constructor(private readonly options: SenderOptions) {
    const { pool, settings, masterKey, refused, onError } = options;
    this.#keyed = keyedPool(pool, 2, (error) => onError(error, 'an idle database connection was lost'));
    this.#holdings = new Holdings(settings.lease);
    this.#claims = new Claims(pool, this.#keyed, randomUUID(), settings.lease);
    this.#recorder = new Recorder(
      pool,
      this.#keyed,
      { owner: this.#claims.owner, circuit: settings.circuit },
      (endpoints) => this.#opened(endpoints),
      (error) => onError(error, 'results could not be written'),
    );
    this.#pools = new ConnectionPools(refused, settings);
    this.#places = new Places(settings.at_once);
    this.#targets = new Targets(pool, masterKey, settings, onError);
  }

  start(): void {
    const { pool, settings, onError } = this.options;
    const { poll, lease } = settings;
    this.#stopListening = hear(pool, {
      channels: [DUE_CHANNEL],
      told: (lanes) => this.#due(lanes === '' ? [] : lanes.split(' ')),
      missed: () => this.#due([]),
      onError: (error) => onError(error, 'due deliveries could not be listened for'),
    });
    this.#claiming = this.#claim();
    this.#every(poll, () => this.#look());
    this.#every(lease / 3, () => this.#holdings.renew((aging) => this.#claims.renew(aging)));
    this.#timers.push(setInterval(() => this.#sweep(), SWEEP_MS));
  }

  /** Takes nothing more, lets attempts that are under way end for a while, and gives the rest back. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#bell.ring();
    await Promise.all([this.#stopListening?.(), this.#claiming]);
    await this.#release([...this.#lanes.values()].flatMap((lane) => lane.clear()));
    const impatience = setTimeout(() => {
      for (const cancel of this.#cancels) cancel.abort();
      // What the database does not take by then is sent once more, by whoever comes next.
      void this.#recorder.stop();
    }, this.options.settings.grace);
    await Promise.all(this.#sending);
    clearTimeout(impatience);
    await this.#recorder.stop();
    await this.#keyed.end();
    this.#pools.destroy();
  }

  /** Does something now and then, never twice at once. */
  #every(milliseconds: number, work: () => Promise<void>): void {
    let busy = false;
    const run = (): void => {
      if (busy) return;
      busy = true;
      work()
        .catch((error: unknown) => this.options.onError(error, 'due deliveries could not be looked for'))
        .finally(() => (busy = false));
    };
    run();
    this.#timers.push(setInterval(run, milliseconds));
  }

  /** Something is due in these lanes; none named = in any. */
  #due(lanes: readonly string[]): void {
    if (lanes.length === 0) {
      this.#look().catch((error: unknown) => this.options.onError(error, 'due deliveries could not be looked for'));
      return;
    }
    for (const name of lanes) this.#lane(name).tell();
    this.#bell.ring();
  }

  /** Finds what nobody told of: retries whose time has come, claims of the dead, messages that were missed. */
  async #look(): Promise<void> {
    for (const [name, lane] of this.#lanes) if (lane.idle) this.#lanes.delete(name);
    const lanes = await this.#claims.lanesWithDue();
    for (const name of lanes) this.#lane(name).startOver();
    if (lanes.length > 0) this.#bell.ring();
  }

  #lane(name: string): Lane {
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      const { replayed } = endpointOf(name);
      lane = new Lane(this.options.settings.concurrency, replayed, () => this.#beside(name));
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  /** The other lane of the endpoint. */
  #beside(name: string): Lane | undefined {
    const { endpoint_id, replayed } = endpointOf(name);
    return this.#lanes.get(laneOf(endpoint_id, !replayed));
  }

  /** Fills every lane that has room, all with one statement. */
  async #claim(): Promise<void> {
    while (!this.#stopping) {
      const room = this.#room();
      if (room.size === 0) {
        await this.#bell.heard();
        continue;
      }
      try {
        await this.#take(room);
      } catch (error) {
        this.options.onError(error, 'deliveries could not be claimed');
        for (const id of room.keys()) this.#lane(id).startOver();
        await sleep(AWAY_MS);
      }
    }
  }

  async #take(room: ReadonlyMap<string, number>): Promise<void> {
    const from = new Map<string, Reached>();
    for (const name of room.keys()) {
      const lane = this.#lane(name);
      from.set(name, lane.beginClaim());
      // The next time it comes after the others of its product.
      this.#lanes.delete(name);
      this.#lanes.set(name, lane);
    }
    const asked = performance.now();
    const { claimed, held } = await this.#claims.take(room, from);
    const targets = await this.#targets.of(claimed);
    const taken = new Map<string, number>();
    for (const one of claimed) {
      const target = targets.get(one.endpoint_id);
      if (target === undefined) continue;
      const name = laneOf(one.endpoint_id, one.replayed);
      const lane = this.#lane(name);
      lane.concurrency = target.concurrency;
      lane.product = target.product_id;
      this.#holdings.add(one, asked);
      lane.add(one);
      taken.set(name, (taken.get(name) ?? 0) + 1);
    }
    for (const [id, places] of room) {
      const lane = this.#lane(id);
      const until = held.get(id);
      lane.gated = held.has(id);
      lane.held_until = until ?? 0;
      if (lane.gated ? until !== undefined : taken.get(id) === places) lane.hungry = true;
      this.#fill(lane);
    }
  }

  /** What each lane may claim now; products take turns. */
  #room(): ReadonlyMap<string, number> {
    const { claimed_at_once } = this.options.settings;
    this.#full = this.#ready > claimed_at_once;
    if (this.#full) return new Map();
    const applicants = [...this.#lanes].flatMap(([id, { room, product }]) =>
      room > 0 ? { id, group: product ?? 'all', room } : [],
    );
    return fairShare(applicants, claimed_at_once, this.#round++);
  }

  /** How many deliveries are held that are not under way. */
  get #ready(): number {
    return this.#holdings.size - this.#sending.size;
  }

  /** While a circuit is open nothing but probes goes out: what has been claimed goes back, and its ladder stays as it is. */
  #opened(endpoints: readonly string[]): void {
    const lanes = endpoints.flatMap((id) => [laneOf(id, false), laneOf(id, true)]);
    const unsent = lanes.flatMap((name) => this.#lanes.get(name)?.clear() ?? []);
    for (const { id } of unsent) this.#holdings.delete(id);
    void this.#release(unsent);
  }

  async #release(unsent: readonly Claimed[]): Promise<void> {
    try {
      await this.#claims.release(unsent);
    } catch (error) {
      // They run out by themselves.
      this.options.onError(error, 'claims could not be given back');
    }
  }

  /** There may be something to send in this lane, or to claim for it. */
  #fill(lane: Lane): void {
    if (this.#stopping) return;
    this.#places.wait(lane);
    this.#dispatch();
    if (lane.room > 0) this.#bell.ring();
    lane.wake(() => this.#fill(lane));
  }

  /** Starts as many attempts as there are places for, one of each lane in its turn. */
  #dispatch(): void {
    while (this.#places.free) {
      const lane = this.#places.turn();
      if (lane === undefined) break;
      const next = lane.next();
      if (next === undefined) continue;
      this.#places.take(next.id);
      this.#places.wait(lane);
      const sending = this.#send(next, lane);
      this.#sending.add(sending);
      void sending.finally(() => this.#sending.delete(sending));
    }
    if (this.#full && this.#ready <= this.options.settings.claimed_at_once >> 1) this.#bell.ring();
  }

  #sweep(): void {
    const now = performance.eventLoopUtilization();
    this.#places.sweep(1 - performance.eventLoopUtilization(now, this.#loop).utilization);
    this.#loop = now;
    if (!this.#stopping) this.#dispatch();
  }

  async #send(delivery: Claimed, lane: Lane): Promise<void> {
    try {
      const target = this.#holdings.has(delivery.id) ? this.#targets.get(delivery.endpoint_id) : undefined;
      // Not at once: of thousands that have run out together, each would be let go from within the one before it.
      if (target === undefined) return await Promise.resolve();
      const made = await this.#attempt(delivery, target);
      if (made === undefined) return;
      const verdict = verdictOn(delivery, target, this.options.settings.jitter, made);
      const result = { delivery, attempt: made, ...verdict };
      const written = await this.#recorder.keep(result, lane.answered(delivery));
      if (written) this.options.onAttempt?.(made, verdict.status, delivery.endpoint_id);
      if (written && isGone(made)) await this.options.onGone(delivery.endpoint_id);
    } catch (error) {
      // The claim runs out, and the delivery is taken up again.
      this.options.onError(error, `delivery ${delivery.id} could not be tried`);
    } finally {
      this.#holdings.delete(delivery.id);
      this.#places.give(delivery.id);
      lane.done(delivery);
      // What waited behind it may be due now.
      if (delivery.queue !== null) lane.tell();
      this.#fill(lane);
      const beside = this.#beside(laneOf(delivery.endpoint_id, delivery.replayed));
      if (beside !== undefined) this.#fill(beside);
    }
  }

  /** @returns undefined when stopping cut it short: then it counts for nothing */
  async #attempt(delivery: Claimed, target: Target): Promise<Attempt | undefined> {
    const cancel = new AbortController();
    this.#cancels.add(cancel);
    try {
      const at = new Date();
      const message = messageOf(target, delivery, at, this.options.settings.versions);
      const made = await attempt(this.#pools.of(target), message, at, target, cancel.signal);
      return this.#stopping && cancel.signal.aborted && made.response_status === null ? undefined : made;
    } finally {
      this.#cancels.delete(cancel);
    }
  }
}

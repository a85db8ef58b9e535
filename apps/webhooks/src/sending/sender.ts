import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { hear } from '#events/hearing';
import { keyedPool } from '#events/subscription/transaction';
import { type DeliveryStatus, DUE_CHANNEL } from '../deliveries/delivery.table.ts';
import type { Opening } from '../endpoints/secret.ts';
import type { AddressRule } from './addresses.ts';
import type { Attempt } from './attempt.ts';
import type { Claimed } from './claimed.ts';
import { Claimer } from './claimer.ts';
import { Claims } from './claims.ts';
import { ConnectionPools } from './connection-pool.ts';
import { Dispatcher } from './dispatcher.ts';
import { Lanes } from './lanes.ts';
import { Leases } from './leases.ts';
import { Recorder } from './recorder.ts';
import type { DeliverySettings } from './settings.ts';
import { Targets } from './targets.ts';

export interface SenderOptions {
  readonly pool: Pool;
  readonly settings: DeliverySettings;
  readonly refused: AddressRule;
  /** Opens the sealed secrets of endpoints. */
  readonly masterKey: Opening;
  /** The endpoint answered 410: it wants no more deliveries. */
  readonly onGone: (endpointId: string) => Promise<void>;
  /** The result of an attempt has been written. */
  readonly onAttempt?: (attempt: Attempt, status: DeliveryStatus, endpointId: string) => void;
  readonly onError: (error: unknown, what: string) => void;
}

/**
 * Sends due deliveries: a claimer fills lanes, a dispatcher makes attempts, a recorder writes results. Any number of senders work on one
 * database. A crash loses nothing and repeats at most the attempts that were under way, under the same ids: a place in a lane is free
 * again only when the result before it has been written.
 */
export class Sender {
  readonly #lanes: Lanes;
  readonly #leases: Leases;
  readonly #claims: Claims;
  readonly #claimer: Claimer;
  readonly #dispatcher: Dispatcher;
  readonly #recorder: Recorder;
  readonly #pools: ConnectionPools;
  /** For claims and results, which take turns on two connections. */
  readonly #keyed: Pool;
  #timers: NodeJS.Timeout[] = [];
  #stopListening: (() => Promise<void>) | undefined;

  constructor(private readonly options: SenderOptions) {
    const { pool, settings, masterKey, refused, onError } = options;
    this.#keyed = keyedPool(pool, 2, (error) => onError(error, 'an idle database connection was lost'));
    this.#lanes = new Lanes(settings.concurrency);
    this.#leases = new Leases(settings.lease);
    this.#pools = new ConnectionPools(refused, settings);
    this.#claims = new Claims(pool, this.#keyed, randomUUID(), settings.lease);
    this.#recorder = new Recorder(
      pool,
      this.#keyed,
      { owner: this.#claims.owner, circuit: settings.circuit },
      (endpoints) => this.#opened(endpoints),
      (error) => onError(error, 'results could not be written'),
    );
    const shared = {
      lanes: this.#lanes,
      leases: this.#leases,
      targets: new Targets(pool, masterKey, settings, onError),
      onError,
    };
    this.#claimer = new Claimer({
      ...shared,
      claims: this.#claims,
      claimed_at_once: settings.claimed_at_once,
      ready: () => this.#leases.size - this.#dispatcher.underWay,
      onClaimed: (lane) => this.#dispatcher.visit(lane),
    });
    this.#dispatcher = new Dispatcher({
      ...shared,
      settings,
      pools: this.#pools,
      recorder: this.#recorder,
      onRoom: () => this.#claimer.wake(),
      onSent: () => this.#claimer.sent(),
      onAttempt: (...made) => options.onAttempt?.(...made),
      onGone: options.onGone,
    });
  }

  start(): void {
    const { pool, settings, onError } = this.options;
    this.#stopListening = hear(pool, {
      channels: [DUE_CHANNEL],
      // Names of lanes, separated by spaces; none = any lane.
      told: (lanes) => (lanes === '' ? this.#look() : this.#claimer.due(lanes.split(' '))),
      missed: () => this.#look(),
      onError: (error) => onError(error, 'due deliveries could not be listened for'),
    });
    this.#claimer.start();
    this.#every(settings.poll, () => this.#claimer.look());
    this.#every(settings.lease / 3, () => this.#leases.renew((aging) => this.#claims.renew(aging)));
    this.#dispatcher.start();
  }

  /** Claims nothing more, waits for attempts that are under way up to `settings.grace`, and releases the rest. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#dispatcher.stop();
    await Promise.all([this.#stopListening?.(), this.#claimer.stop()]);
    await this.#release(this.#lanes.clearAll());
    const impatience = setTimeout(() => {
      this.#dispatcher.cancel();
      // Results that the database has not taken by then are given up: another sender repeats those deliveries.
      void this.#recorder.stop();
    }, this.options.settings.grace);
    await this.#dispatcher.settled();
    clearTimeout(impatience);
    await this.#recorder.stop();
    await this.#keyed.end();
    this.#pools.destroy();
  }

  #look(): void {
    this.#claimer.look().catch((error: unknown) => this.#failedToLook(error));
  }

  /** Does something now and then, never twice at once. */
  #every(milliseconds: number, work: () => Promise<void>): void {
    let busy = false;
    const run = (): void => {
      if (busy) return;
      busy = true;
      work()
        .catch((error: unknown) => this.#failedToLook(error))
        .finally(() => (busy = false));
    };
    run();
    this.#timers.push(setInterval(run, milliseconds));
  }

  #failedToLook(error: unknown): void {
    this.options.onError(error, 'due deliveries could not be looked for');
  }

  /** A circuit that opens lets only probes out. So its claimed deliveries are released, without using up attempts. */
  #opened(endpoints: readonly string[]): void {
    const unsent = this.#lanes.clear(endpoints);
    for (const { id } of unsent) this.#leases.delete(id);
    void this.#release(unsent);
  }

  async #release(unsent: readonly Claimed[]): Promise<void> {
    try {
      await this.#claims.release(unsent);
    } catch (error) {
      // The claims expire by themselves.
      this.options.onError(error, 'claims could not be released');
    }
  }
}

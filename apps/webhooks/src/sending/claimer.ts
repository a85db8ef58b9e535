import { setTimeout as sleep } from 'node:timers/promises';
import { Bell } from '#events/bell';
import { type Claimed, laneOf, type Reached } from './claimed.ts';
import type { Claims } from './claims.ts';
import { fairShare } from './fair-share.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';
import type { Leases } from './leases.ts';
import type { Targets } from './targets.ts';

export interface ClaimerOptions {
  readonly claims: Pick<Claims, 'take' | 'lanesWithDue'>;
  readonly targets: Pick<Targets, 'of'>;
  readonly lanes: Lanes;
  readonly leases: Leases;
  /** The most deliveries that one statement claims, and that are held without being sent. */
  readonly claimed_at_once: number;
  /** Deliveries that are held and not yet being sent. */
  readonly ready: () => number;
  /** A lane has got deliveries, or knows when it will. */
  readonly onClaimed: (lane: Lane) => void;
  readonly onError: (error: unknown, what: string) => void;
}

/** Pause after a claim failed, in milliseconds. */
const RETRY_MS = 500;

/** Fills the lanes of a sender with claimed deliveries, for as long as they have room. */
export class Claimer {
  readonly #bell = new Bell();
  #loop: Promise<void> | undefined;
  #stopping = false;
  /** Rounds of claims so far: they decide which product is first. */
  #round = 0;
  /** So much is held that nothing more is claimed until half of it has gone out. */
  #full = false;

  constructor(private readonly options: ClaimerOptions) {}

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#bell.ring();
    await this.#loop;
  }

  /** Something has become due in these lanes. */
  due(names: readonly string[]): void {
    for (const name of names) this.options.lanes.of(name).tell();
    this.wake();
  }

  /** Finds what no notification told of: retries whose time has come, expired claims, notifications that were lost. */
  async look(): Promise<void> {
    const { lanes, claims } = this.options;
    lanes.forgetIdle();
    const due = await claims.lanesWithDue();
    for (const name of due) lanes.of(name).startOver();
    if (due.length > 0) this.wake();
  }

  /** A lane has room. */
  wake(): void {
    this.#bell.ring();
  }

  /** Deliveries have gone out. */
  sent(): void {
    if (this.#full && this.options.ready() <= this.options.claimed_at_once >> 1) this.wake();
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const room = this.#room();
      if (room.size === 0) {
        await this.#bell.wait();
        continue;
      }
      try {
        await this.#fill(room);
      } catch (error) {
        this.options.onError(error, 'deliveries could not be claimed');
        for (const name of room.keys()) this.options.lanes.of(name).startOver();
        await sleep(RETRY_MS);
      }
    }
  }

  /** How many deliveries each lane may claim now, divided fairly among products. */
  #room(): ReadonlyMap<string, number> {
    const { claimed_at_once, ready, lanes } = this.options;
    this.#full = ready() > claimed_at_once;
    return this.#full ? new Map() : fairShare(lanes.applicants(), claimed_at_once, this.#round++);
  }

  /** Claims for all lanes with one statement. */
  async #fill(room: ReadonlyMap<string, number>): Promise<void> {
    const { lanes, claims } = this.options;
    const from = new Map<string, Reached>();
    for (const name of room.keys()) from.set(name, lanes.moveToEnd(name).beginClaim());
    const asked = performance.now();
    const { claimed, held } = await claims.take(room, from);
    const taken = await this.#add(claimed, asked);
    for (const [name, places] of room) {
      const lane = lanes.of(name);
      const until = held.get(name);
      lane.gated = held.has(name);
      lane.held_until = until ?? 0;
      // A gate tells when there is more; without one, a lane that was filled may have more.
      if (lane.gated ? until !== undefined : taken.get(name) === places) lane.hungry = true;
      this.options.onClaimed(lane);
    }
  }

  /** Puts deliveries into their lanes. @returns how many each lane got */
  async #add(claimed: readonly Claimed[], asked: number): Promise<ReadonlyMap<string, number>> {
    const targets = await this.options.targets.of(claimed);
    const taken = new Map<string, number>();
    for (const one of claimed) {
      const target = targets.get(one.endpoint_id);
      if (target === undefined) continue;
      const name = laneOf(one.endpoint_id, one.replayed);
      const lane = this.options.lanes.of(name);
      lane.concurrency = target.concurrency;
      lane.product = target.product_id;
      this.options.leases.add(one, asked);
      lane.add(one);
      taken.set(name, (taken.get(name) ?? 0) + 1);
    }
    return taken;
  }
}

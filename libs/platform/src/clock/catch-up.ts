import type { Pool } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeptTestClock } from './kept-test-clock.ts';

/** How far a service has come with a time of the test clock. */
export interface CatchUp {
  /** Last position of the service's log: while it rises, something still happens. */
  readonly head: number;
  /** What still has something to do at that time; empty = nothing. */
  readonly behind: readonly string[];
}

/** A service whose clock can be moved: in this process, or behind an internal route. */
export interface ClockFollower {
  readonly service: string;
  /** The time that the service has kept; undefined if its clock was never set. */
  kept(): Promise<Date | undefined>;
  /** Moves the clock, then waits for a while until nothing is due at that time and all events have been handled. */
  catchUp(to: Date): Promise<CatchUp>;
}

/** Something that handles events, with the number of those that it has not handled yet. */
export interface Lagging {
  readonly name: string;
  lag(): Promise<number>;
}

/** Injection token of the {@link ClockFollower}s of this process; null without a test clock. */
export const CLOCK_FOLLOWERS = Symbol('ClockFollowers');

/** Longest wait of one call, in milliseconds: less than the gateway waits for a service. */
const PATIENCE_MS = 10_000;
const BETWEEN_LOOKS_MS = 20;

/** Follower of a service that runs in this process. */
export class LocalFollower implements ClockFollower {
  readonly service: string;

  /**
   * @param work names of the work that follows business time
   * @param lagging the service's subscriptions, and its relay to Kafka
   */
  constructor(
    private readonly clock: KeptTestClock,
    private readonly pool: Pool,
    private readonly work: readonly string[],
    private readonly lagging: () => readonly Lagging[],
  ) {
    this.service = clock.service;
  }

  kept(): Promise<Date | undefined> {
    return this.clock.kept();
  }

  async catchUp(to: Date): Promise<CatchUp> {
    const request = await this.clock.move(to);
    const deadline = performance.now() + PATIENCE_MS;
    let behind = await this.#behind(request);
    while (behind.length > 0 && performance.now() < deadline) {
      await sleep(BETWEEN_LOOKS_MS);
      behind = await this.#behind(request);
    }
    const { rows } = await this.pool.query<{ head: string }>('select coalesce(max(position), 0) as head from events');
    return { head: Number(rows[0]?.head), behind: behind.map((name) => `${this.service}: ${name}`) };
  }

  /** Work first, then the handling of the events that it caused. */
  async #behind(request: number): Promise<string[]> {
    const work = await this.clock.behind(request, this.work);
    if (work.length > 0) return work;
    const lags = await Promise.all(this.lagging().map(async (one) => ({ name: one.name, lag: await one.lag() })));
    return lags.filter(({ lag }) => lag > 0).map(({ name }) => name);
  }
}

import { Controller, Inject } from '@nestjs/common';
import { lockKey } from '#events/leader';
import type { Principal } from '#platform/auth/principal';
import { CLOCK_FOLLOWERS, type ClockFollower } from '#platform/clock/catch-up';
import { CLOCK, type Clock } from '#platform/clock/clock';
import { addDuration } from '#platform/clock/duration';
import type { ServiceDatabase } from '#platform/database/database';
import { type Call, Endpoint } from '#platform/http/endpoint';
import { Problem } from '#platform/http/problem';
import { DATABASE } from '#platform/service';
import { Routing } from '../routing/routing.ts';
import { moveClock } from './move-clock.ts';
import { RemoteFollower } from './remote-follower.ts';
import { moveTestClock, readTestClock } from './test-clock.endpoints.ts';

/** Lock that allows one move at a time across all instances. */
const LOCK = lockKey('keyledger:test-clock');

@Controller()
export class TestClockController {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CLOCK_FOLLOWERS) private readonly local: readonly ClockFollower[] | null,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly routing: Routing,
  ) {}

  @Endpoint(readTestClock)
  async read({ principal }: Call<typeof readTestClock>): Promise<{ now: string }> {
    return { now: (await this.#now(this.#own(principal))).toISOString() };
  }

  @Endpoint(moveTestClock)
  async move({ principal, body }: Call<typeof moveTestClock>): Promise<{ now: string }> {
    const { clients, tokens } = this.routing;
    const remote = [...clients.values()].map((client) => new RemoteFollower(client, tokens));
    const followers = [...this.#own(principal), ...remote];
    const client = await this.database.pool.connect();
    try {
      await client.query('select pg_advisory_lock($1)', [LOCK]);
      const now = await this.#now(followers);
      const to = target(now, body);
      if (to < now) throw backwards(now);
      await moveClock(followers, to);
      return { now: to.toISOString() };
    } finally {
      // The lock ends with the connection.
      client.release(true);
    }
  }

  /** The services of this process. @throws Problem 404 without a test clock, 403 for a key that is bound to a product */
  #own({ product_id }: Principal): readonly ClockFollower[] {
    if (this.local === null)
      throw new Problem(
        404,
        'NOT_FOUND',
        'There is no test clock: business time is real time without KEYLEDGER_TEST_CLOCK=on.',
      );
    if (product_id !== null)
      throw new Problem(
        403,
        'FORBIDDEN',
        'The clock counts for every product: a key that is bound to one cannot use it.',
      );
    return this.local;
  }

  /** The latest stored time of any service; real time if the clock was never set. */
  async #now(followers: readonly ClockFollower[]): Promise<Date> {
    const kept = (await Promise.all(followers.map((follower) => follower.kept()))).flatMap((time) => time ?? []);
    return kept.length === 0 ? this.clock.now() : new Date(Math.max(...kept.map((time) => time.getTime())));
  }
}

/** @throws Problem 400 unless exactly one of both is given, or for a bad duration */
const target = (now: Date, { to, advance }: { readonly to?: string; readonly advance?: string }): Date => {
  if ((to === undefined) === (advance === undefined))
    throw invalid('Send either to or advance.', '/to', 'or advance is required, and not both');
  if (to !== undefined) return new Date(to);
  const ahead = addDuration(now, advance ?? '');
  if (ahead !== undefined) return ahead;
  const detail = 'must be an ISO 8601 duration that leads forward, at most to the year 9999';
  throw invalid(`advance ${detail}, such as P1M.`, '/advance', detail);
};

const invalid = (message: string, pointer: string, detail: string): Problem =>
  new Problem(400, 'VALIDATION_FAILED', message, { errors: [{ pointer, detail }] });

const backwards = (now: Date): Problem =>
  new Problem(409, 'TEST_CLOCK_BACKWARDS', `The clock only moves forward, and it is at ${now.toISOString()}.`, {
    now: now.toISOString(),
  });

import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import { realTime } from '../clock/clock.ts';
import type { RateLimits } from '../config/config.ts';
import { countedAddress } from './address.ts';
import { RateLimitExceeded } from './rate-limit.ts';

/** Failures within the window that lock an address out. */
export const FAILURES = 5;
export const WINDOW_SECONDS = 300;
/** The first lock-out; each further one is twice as long, up to the longest. */
export const FIRST_LOCKOUT_SECONDS = 30;
export const LONGEST_LOCKOUT_SECONDS = 1_800;
/** An address without failures for this long after its lock-out counts as new. */
const FORGET_SECONDS = 3_600;
const SWEEP_MS = 60_000;
const POLICY = { name: 'failures', quota: FAILURES, window: WINDOW_SECONDS };

/**
 * Counts calls that fail to identify themselves, per address, over all instances that share a database schema. A service has
 * one, so that all its routes know of a lock-out.
 *
 * Call it only after a credential has turned out wrong: a right one is served from a locked address too, and calls with right
 * credentials never touch the limiter. For secrets short enough to guess (codes), call `check` before they are compared.
 */
export interface FailureLimiter {
  /** @throws RateLimitExceeded 429 `TOO_MANY_FAILURES` while the address is locked out */
  check(ip: string): Promise<void>;
  /**
   * Counts a failure; the fifth within five minutes locks the address out. One statement checks and counts, so a burst of
   * parallel guesses gets no further than guesses one after the other.
   * @throws RateLimitExceeded 429 `TOO_MANY_FAILURES` if the address was locked out already (then nothing is counted)
   */
  record(ip: string): Promise<void>;
}

/** `off` is for load tests on a closed machine. The service lists `FailedIdentifications` among its migrations. */
export const createFailureLimiter = (pool: Pool, limits: RateLimits): FailureLimiter =>
  limits === 'off' ? { check: nothing, record: nothing } : new PostgresFailureLimiter(pool);

const nothing = (): Promise<void> => Promise.resolve();

class PostgresFailureLimiter implements FailureLimiter {
  /** Ends of known lock-outs in epoch ms, so that a locked address costs no query. No lock-out ends before its time. */
  readonly #locked = new LRUCache<string, number>({ max: 50_000 });
  #swept = realTime();

  constructor(private readonly pool: Pool) {}

  async check(ip: string): Promise<void> {
    const address = countedAddress(ip);
    this.#refuseIfKnown(address);
    const { rows } = await this.pool.query<{ seconds: number }>({
      name: 'failed-identifications-check',
      text: CHECK,
      values: [address],
    });
    if (rows[0] !== undefined) this.#refuse(address, rows[0].seconds);
  }

  async record(ip: string): Promise<void> {
    const address = countedAddress(ip);
    this.#refuseIfKnown(address);
    const { rows } = await this.pool.query<{ seconds: number | null }>({
      name: 'failed-identifications-record',
      text: RECORD,
      values: [address, FAILURES, WINDOW_SECONDS, FIRST_LOCKOUT_SECONDS, LONGEST_LOCKOUT_SECONDS, FORGET_SECONDS],
    });
    await this.#sweep();
    const [row] = rows;
    if (row === undefined) return this.check(ip);
    if (row.seconds !== null) this.#locked.set(address, realTime() + row.seconds * 1000);
  }

  #refuseIfKnown(address: string): void {
    const until = this.#locked.get(address);
    if (until === undefined) return;
    const seconds = (until - realTime()) / 1000;
    if (seconds > 0) this.#refuse(address, seconds);
    this.#locked.delete(address);
  }

  #refuse(address: string, seconds: number): never {
    this.#locked.set(address, realTime() + seconds * 1000);
    const message = 'Too many calls from this address failed to identify themselves.';
    throw new RateLimitExceeded('TOO_MANY_FAILURES', message, POLICY, seconds);
  }

  async #sweep(): Promise<void> {
    if (realTime() - this.#swept < SWEEP_MS) return;
    this.#swept = realTime();
    await this.pool.query('delete from failed_identifications where forget_at < now()');
  }
}

const CHECK = `
  select extract(epoch from locked_until - clock_timestamp())::float8 as seconds
  from failed_identifications where address = $1 and locked_until > clock_timestamp()`;

/**
 * Upserts the row of an address. It leaves the row of a locked address unchanged and returns none. `lockouts` counts the
 * lock-outs before: a lock-out lasts first × 2^lockouts seconds, at most the longest.
 */
const RECORD = `
  insert into failed_identifications as f (address, failures, window_ends_at, lockouts, locked_until, forget_at)
  values ($1, 1, clock_timestamp() + make_interval(secs => $3::int), 0, null, clock_timestamp() + make_interval(secs => $6::int))
  on conflict (address) do update set (failures, window_ends_at, lockouts, locked_until, forget_at) = (
    select
      case when locks then 0 else counted end,
      case when locks then at when open then f.window_ends_at else at + make_interval(secs => $3::int) end,
      past + locks::int,
      case when locks then at + lockout end,
      at + make_interval(secs => $6::int) + case when locks then lockout else interval '0' end
    from (select clock_timestamp() as at) t,
      lateral (select f.window_ends_at > at as open, case when f.forget_at > at then f.lockouts else 0 end as past) w,
      lateral (select case when open then f.failures + 1 else 1 end as counted) c,
      lateral (
        select counted >= $2::int as locks,
          make_interval(secs => least($4::int * power(2, least(past, 20)), $5::int)) as lockout
      ) l
  )
  where f.locked_until is null or f.locked_until <= clock_timestamp()
  returning extract(epoch from locked_until - clock_timestamp())::float8 as seconds`;

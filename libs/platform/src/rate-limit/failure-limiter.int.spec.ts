import pg from 'pg';
import { DataSource } from 'typeorm';
import { freshDatabase } from '../../../../test/support/postgres.ts';
import { FailedIdentifications1790000000001 } from './failed-identifications.table.ts';
import {
  createFailureLimiter,
  FAILURES,
  type FailureLimiter,
  LONGEST_LOCKOUT_SECONDS,
  WINDOW_SECONDS,
} from './failure-limiter.ts';

describe('the limit of calls that fail to identify themselves', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let pools: [pg.Pool, pg.Pool];
  let here: FailureLimiter;
  let there: FailureLimiter;
  let ip = '';
  let addresses = 0;

  beforeAll(async () => {
    database = await freshDatabase();
    const orm = await new DataSource({
      type: 'postgres',
      url: database.url,
      migrations: [FailedIdentifications1790000000001],
    }).initialize();
    await orm.runMigrations();
    await orm.destroy();
    pools = [new pg.Pool(database.config), new pg.Pool(database.config)];
    // A connection may still be closing when the database is dropped; that it is cut then is no failure.
    for (const pool of pools) pool.on('error', () => undefined);
  });
  afterAll(async () => {
    await Promise.all(pools.map((pool) => pool.end()));
    await database.drop();
  });
  beforeEach(() => {
    here = createFailureLimiter(pools[0], 'on');
    there = createFailureLimiter(pools[1], 'on');
    ip = `198.51.100.${++addresses}`;
  });

  const fail = async (limiter: FailureLimiter, times: number): Promise<void> => {
    for (let i = 0; i < times; i++) await limiter.record(ip);
  };
  /** Moves a time of the address into the past, and clears the memory of this process. */
  const passes = async (column: 'locked_until' | 'window_ends_at' | 'forget_at'): Promise<void> => {
    await pools[0].query(
      `update failed_identifications set ${column} = now() - interval '1 second' where address = $1`,
      [ip],
    );
    here = createFailureLimiter(pools[0], 'on');
  };
  /** Seconds of the lock-out, rounded up to tens, since a slow machine may use some of them before this check. */
  const lockout = async (limiter: FailureLimiter): Promise<number> => {
    const refusal = await limiter.check(ip).then(
      () => undefined,
      (error: { status: number; code: string; headers: Record<string, string> }) => error,
    );
    if (refusal === undefined) return 0;
    expect(refusal).toMatchObject({ status: 429, code: 'TOO_MANY_FAILURES' });
    expect(refusal.headers).toEqual({
      'retry-after': expect.stringMatching(/^\d+$/) as unknown,
      ratelimit: `"failures";r=0;t=${refusal.headers['retry-after']}`,
      'ratelimit-policy': `"failures";q=${FAILURES};w=${WINDOW_SECONDS}`,
    });
    return Math.ceil(Number(refusal.headers['retry-after']) / 10) * 10;
  };

  it('locks an address out at the fifth failure, in every instance, and no other address', async () => {
    await fail(here, FAILURES - 1);
    expect(await lockout(here)).toBe(0);
    await there.record(ip);
    expect(await lockout(here)).toBe(30);
    expect(await lockout(there)).toBe(30);
    await expect(here.record(ip)).rejects.toMatchObject({ status: 429 });
    await here.check('203.0.113.200');
  });

  it('counts a burst over two instances as strictly as single failures', async () => {
    const burst = await Promise.allSettled(Array.from({ length: 40 }, (_, i) => (i % 2 ? here : there).record(ip)));
    expect(burst.filter(({ status }) => status === 'fulfilled')).toHaveLength(FAILURES);
  });

  it('doubles the lock-out each time, up to half an hour', async () => {
    const seconds: number[] = [];
    for (let i = 0; i < 8; i++) {
      await fail(here, FAILURES);
      seconds.push(await lockout(there));
      await passes('locked_until');
      there = createFailureLimiter(pools[1], 'on');
    }
    expect(seconds).toEqual([30, 60, 120, 240, 480, 960, LONGEST_LOCKOUT_SECONDS, LONGEST_LOCKOUT_SECONDS]);
  });

  it('does not count failures of more than five minutes ago', async () => {
    await fail(here, FAILURES - 1);
    await passes('window_ends_at');
    await fail(here, FAILURES - 1);
    expect(await lockout(here)).toBe(0);
    await fail(here, 1);
    expect(await lockout(here)).toBe(30);
  });

  it('treats an address without failures for an hour as new', async () => {
    await fail(here, FAILURES);
    await passes('locked_until');
    await passes('window_ends_at');
    await passes('forget_at');
    await fail(here, FAILURES);
    expect(await lockout(here)).toBe(30);
  });

  it('counts a /64 of IPv6 as one address', async () => {
    for (let i = 0; i < FAILURES; i++) await here.record(`2001:db8:7:7::${i}`);
    await expect(there.check('2001:db8:7:7:ffff::1')).rejects.toMatchObject({ status: 429 });
    await there.check('2001:db8:7:8::1');
  });

  it('can be switched off', async () => {
    const off = createFailureLimiter(pools[0], 'off');
    await fail(off, FAILURES * 3);
    await off.check(ip);
    expect(await lockout(here)).toBe(0);
  });
});

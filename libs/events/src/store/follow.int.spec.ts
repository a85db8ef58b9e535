import { jest } from '@jest/globals';
import pg from 'pg';
import { eventually } from '../../../../test/support/app.ts';
import { freshLog, type TestLog } from '../../../../test/support/log.ts';
import { hear } from '../hearing.ts';
import { openPool } from '../pool.ts';
import { Follower } from './follow.ts';
import { eventsChannel } from './schema.ts';

const WAKES = 50;
const OTHERS = 10;
const STREAMS = 7;
const MUCH = 20_000;
/** More executions than PostgreSQL plans individually. */
const LOOKS = 10;

const nothing = (): void => undefined;
const HOOKS = { onGrown: nothing, onForgotten: nothing, onReconnect: nothing, onError: nothing };

describe('watching the log', () => {
  let log: TestLog;

  beforeAll(async () => {
    log = await freshLog();
  });
  afterAll(() => log.drop());
  afterEach(() => jest.restoreAllMocks());

  it('leaves no listener on its signal after many wake-ups', async () => {
    const added = jest.spyOn(AbortSignal.prototype, 'addEventListener');
    const joined = jest.spyOn(AbortSignal, 'any');
    const looked = jest.spyOn(pg.Client.prototype, 'query');
    const looks = (): number => looked.mock.calls.filter((call) => JSON.stringify(call[0])?.includes('grown')).length;
    // Other code in this process may add listeners to its own signals: only the follower's signal counts.
    const stopping = new AbortController();
    const made = jest.spyOn(globalThis, 'AbortController').mockImplementationOnce(() => stopping);
    const follower = new Follower(log.pool, 'things', 'me', HOOKS);
    made.mockRestore();
    await follower.start();
    try {
      for (let wake = 0; wake < WAKES; wake++) {
        const before = looks();
        await log.pool.query('select pg_notify($1, $2)', [eventsChannel('things'), '1 another']);
        await eventually(() => looks() > before);
      }
      expect(joined.mock.calls.filter(([signals]) => [...signals].includes(stopping.signal))).toEqual([]);
      expect(added.mock.contexts.filter((signal) => signal === stopping.signal)).toEqual([]);
    } finally {
      await follower.stop();
    }
    // Confirms that the watched signal was the follower's.
    expect(stopping.signal.aborted).toBe(true);
  });

  it('reports everything that others have written since, in any amount', async () => {
    const versions = new Map<string, number>();
    const follower = new Follower(log.pool, 'things', 'me', {
      ...HOOKS,
      onGrown: (heads) => heads.forEach(({ stream_id, version }) => versions.set(stream_id, version)),
    });
    await write(log.pool, 0, MUCH);
    await follower.start();
    try {
      await write(log.pool, MUCH, MUCH);
      await eventually(() => [...versions.values()].reduce((sum, version) => sum + version, 0) === 2 * MUCH);
      expect(versions.size).toBe(STREAMS);
    } finally {
      await follower.stop();
    }
  });

  it('reads only the new events, even in a log without statistics', async () => {
    const young = await freshLog();
    try {
      await write(young.pool, 0, MUCH);
      const pool = openPool({ ...young.pool.options, max: 1 }, () => undefined);
      let told = 0;
      const follower = new Follower(pool, 'things', 'me', { ...HOOKS, onGrown: () => told++ });
      try {
        await follower.start();
        for (let look = 0; look < LOOKS; look++) {
          await write(young.pool, MUCH + look, 1);
          await young.pool.query('select pg_notify($1, $2)', [eventsChannel('things'), '1 another']);
          await eventually(() => told > look);
        }
      } finally {
        await follower.stop();
        // A connection reports its read statistics when it ends.
        await pool.end();
      }
      await eventually(async () => (await readOf(young.pool)).along >= LOOKS);
      expect((await readOf(young.pool)).throughout).toBe(0);
    } finally {
      await young.drop();
    }
  });

  it('runs one query at a time on the shared connection of all listeners', async () => {
    const asked = countUnderWay();
    const failures: unknown[] = [];
    const leaving: (() => Promise<void>)[] = [];
    const join = (channel: string): (() => boolean) => {
      let rung = false;
      const missed = (): void => void (rung = true);
      leaving.push(
        hear(log.pool, { channels: [channel], told: missed, missed, onError: (error) => failures.push(error) }),
      );
      return () => rung;
    };
    try {
      await eventually(join('first'));
      const others = Array.from({ length: OTHERS }, (_none, index) => join(`other_${index}`));
      await eventually(() => others.every((rung) => rung()));
      expect(failures).toEqual([]);
      expect(asked.ofOneClient()).toBe(OTHERS + 1);
      expect(asked.mostAtOnce()).toBe(1);
    } finally {
      for (const leave of leaving) await leave();
    }
  });
});

/** Appends so many events behind the first `from`, in turn to each of the streams. */
const write = (pool: pg.Pool, from: number, count: number): Promise<unknown> =>
  pool.query(
    `insert into events (id, stream_id, version, type, data, metadata)
     select 'evt_' || n, 'thing_' || n % ${STREAMS}, n / ${STREAMS} + 1, 'thing.counted', '{}', '{}'
     from generate_series($1::int, $2::int) as n`,
    [from, from + count - 1],
  );

/** How many events were read along the index of positions, and how many by reading the log from end to end. */
const readOf = async (pool: pg.Pool): Promise<{ along: number; throughout: number }> => {
  const { rows } = await pool.query<{ along: number; throughout: number }>(
    `select t.seq_tup_read::int as throughout, i.idx_tup_read::int as along
     from pg_stat_user_tables as t join pg_stat_user_indexes as i using (relid) where indexrelname = 'events_pkey'`,
  );
  return rows[0] ?? { along: 0, throughout: 0 };
};

/** Counts the queries on every connection: the maximum in total, and the maximum at the same time. */
const countUnderWay = (): { ofOneClient(): number; mostAtOnce(): number } => {
  const clients = new Map<unknown, { all: number; now: number; most: number }>();
  const query = pg.Client.prototype.query as (...args: unknown[]) => unknown;
  jest.spyOn(pg.Client.prototype, 'query').mockImplementation(function (this: unknown, ...args: unknown[]) {
    const client = clients.get(this) ?? { all: 0, now: 0, most: 0 };
    clients.set(this, client);
    const answer = query.apply(this, args);
    if (answer instanceof Promise) {
      client.all++;
      client.most = Math.max(client.most, ++client.now);
      const done = (): void => void client.now--;
      answer.then(done, done);
    }
    return answer as never;
  });
  const greatest = (of: 'all' | 'most'): number => Math.max(...[...clients.values()].map((client) => client[of]));
  return { ofOneClient: () => greatest('all'), mostAtOnce: () => greatest('most') };
};

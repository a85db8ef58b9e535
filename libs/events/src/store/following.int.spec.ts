import { setImmediate as nextTurn } from 'node:timers/promises';
import { jest } from '@jest/globals';
import pg from 'pg';
import { freshLog, type TestLog } from '../../../../test/support/log.ts';
import type { StreamType } from '../decider.ts';
import { UniqueViolationError } from '../store.ts';
import { ENOUGH, MOST } from './append.ts';
import type { PostgresEventStore } from './postgres-event-store.ts';

/** Returns the outcome, which shows the state that it was decided on. */
interface Increased {
  readonly type: 'counter.increased';
  readonly by: number;
  readonly total: number;
}

const counters: StreamType<number, Increased> = { name: 'counter', initialState: 0, evolve: (_, { total }) => total };
const metadata = { actor: { type: 'system', id: 'test' }, correlation_id: 'test' } as const;

class LimitReached extends Error {}

/** As many events as make a flush full. */
const increase =
  (by = 1, limit = Infinity, count = ENOUGH) =>
  (total: number): Increased[] => {
    if (total + by * count > limit) throw new LimitReached();
    return Array.from({ length: count }, (_, n) => ({ type: 'counter.increased', by, total: total + by * (n + 1) }));
  };

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await nextTurn();
};

describe('a full flush behind another', () => {
  let log: TestLog;
  let store: PostgresEventStore;
  let outsider: pg.Client;
  const queries = jest.spyOn(pg.Client.prototype, 'query');

  beforeEach(async () => {
    log = await freshLog();
    store = await log.open({ streams: [counters] });
    outsider = new pg.Client({ ...log.database.config, options: '-c search_path=things' });
    await outsider.connect();
    queries.mockClear();
  });
  afterAll(() => queries.mockRestore());
  afterEach(async () => {
    await outsider.end();
    await log.drop();
  });

  /** Transactions whose end has been sent. */
  const sent = (): number =>
    queries.mock.calls.filter(([query]) => (query as unknown as pg.QueryConfig).text === 'commit').length;

  const handle = (stream: string, decide = increase(), of = store): Promise<{ state: number; version: number }> =>
    of.handle(counters, stream, decide, { metadata });

  /**
   * Writes as another process without committing yet, which blocks all other writers.
   * @param after number of existing events
   */
  const writeBeside = async (stream: string, count: number, by: number, after = 0): Promise<void> => {
    await outsider.query('begin');
    await outsider.query(
      `insert into events (id, stream_id, version, type, data, metadata)
       select 'evt_beside_' || n, $1, $4::int + n, 'counter.increased',
         jsonb_build_object('by', $3::int, 'total', $4::int + n * $3::int), '{}'
       from generate_series(1, $2::int) as n`,
      [stream, count, by, after],
    );
  };

  /** Checks that each event was decided on the events before it. */
  const expectWhole = async (stream: string, total: number): Promise<void> => {
    let [version, sum] = [0, 0];
    for (const recorded of await store.readStream<Increased>(stream)) {
      version += 1;
      sum += recorded.event.by;
      expect([recorded.version, recorded.event.total]).toEqual([version, sum]);
    }
    expect(sum).toBe(total);
  };

  it('is sent without waiting for the answer of the first', async () => {
    await outsider.query('begin');
    await outsider.query('lock table events in share mode');
    const calls = [1, 2, 3].map((by) => handle('sent', increase(by)));
    await until(() => sent() >= 2);
    await outsider.query('commit');
    expect((await Promise.all(calls)).map(({ version }) => version / ENOUGH)).toEqual([1, 2, 3]);
    await expectWhole('sent', 6 * ENOUGH);
  });

  it('is sent likewise if it is full of streams with few events', async () => {
    await outsider.query('begin');
    await outsider.query('lock table events in share mode');
    const calls = Array.from({ length: 3 * MOST }, (_, n) => handle(`few_${n}`, increase(1, Infinity, 1)));
    await until(() => sent() >= 2);
    await outsider.query('commit');
    expect(new Set((await Promise.all(calls)).map(({ version }) => version))).toEqual(new Set([1]));
  });

  it.each([
    ['as much as', ENOUGH],
    ['less than', 1],
  ])('is not written on top of events that replaced the first (%s it)', async (_, count) => {
    await writeBeside('raced', count, 5);
    const calls = [1, 2, 3].map((by) => handle('raced', increase(by)));
    await until(() => sent() >= 2);
    await outsider.query('commit');
    await Promise.all(calls);
    await expectWhole('raced', 6 * ENOUGH + count * 5);
    expect((await store.load(counters, 'raced')).state).toBe(6 * ENOUGH + count * 5);
  });

  it('waits while the first is written in parts, some of them decided again', async () => {
    const one = increase(1, Infinity, 1);
    // Appends to streams in memory start immediately, and so go together.
    for (const stream of ['part', 'other_part']) await handle(stream, one);
    queries.mockClear();
    await writeBeside('part', 1, 5, 1);
    const calls = [handle('part', one), handle('other_part', increase(2))];
    await until(() => sent() >= 1);
    await outsider.query('commit');
    await until(() => sent() >= 2);
    await Promise.all([...calls, handle('part', increase(3))]);
    await expectWhole('part', 1 + 5 + 1 + 3 * ENOUGH);
    await expectWhole('other_part', 1 + 2 * ENOUGH);
  });

  it('refuses commands beyond the limit, with and without the first flush', async () => {
    await writeBeside('limited', 1, ENOUGH);
    const calls = Array.from({ length: 5 }, () => handle('limited', increase(1, 3 * ENOUGH)));
    await until(() => sent() >= 2);
    await outsider.query('commit');
    const results = await Promise.allSettled(calls);
    expect(results.map(({ status }) => status)).toEqual([...Array(2).fill('fulfilled'), ...Array(3).fill('rejected')]);
    expect(results.at(-1)).toMatchObject({ reason: expect.any(LimitReached) });
    await expectWhole('limited', 3 * ENOUGH);
  });

  it('fails alone for its own error', async () => {
    await handle('here');
    const { id } = (await store.readStream('here'))[0] ?? {};
    await outsider.query('begin');
    await outsider.query('lock table events in share mode');
    const first = handle('wrong', increase(1));
    const wrong = store.handle(counters, 'wrong', increase(2), {
      metadata,
      idOf: ({ total }) => (total === ENOUGH + 2 ? id : undefined),
    });
    const last = handle('wrong', increase(3));
    const failed = expect(wrong).rejects.toBeInstanceOf(UniqueViolationError);
    await until(() => sent() >= 3);
    await outsider.query('commit');
    await Promise.all([first, failed, last]);
    await expectWhole('wrong', 4 * ENOUGH);
  });

  it('is neither lost nor duplicated when the connection is cut', async () => {
    let [accepted, cutting] = [0, true];
    const streams = ['cut_1', 'cut_2'];
    const work = Promise.all(
      streams.flatMap((stream) =>
        Array.from({ length: 4 }, async () => {
          for (; cutting; accepted++) await handle(stream);
        }),
      ),
    );
    for (let cuts = 0; cuts < 10; cuts++) {
      const before = accepted;
      await until(() => accepted > before + cuts);
      await outsider.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
      );
    }
    cutting = false;
    await work;
    const totals = await Promise.all(streams.map(async (stream) => (await store.load(counters, stream)).state));
    expect(totals.reduce((sum, total) => sum + total)).toBe(accepted * ENOUGH);
    await Promise.all(streams.map((stream, n) => expectWhole(stream, totals[n] ?? 0)));
  });

  it('keeps streams consistent that two processes write to at the same time', async () => {
    const stores = [store, await log.open({ streams: [counters] })];
    const streams = ['shared_0', 'shared_1', 'shared_2'];
    let written = 0;
    const writer = async (n: number): Promise<void> => {
      for (let round = 0; round < 8; round++) {
        const count = (n + round) % 3 === 0 ? ENOUGH : 1;
        await handle(streams[(n * 7 + round) % 3] ?? '', increase(1, Infinity, count), stores[n % 2]);
        written += count;
      }
    };
    await Promise.all(Array.from({ length: 16 }, (_, n) => writer(n)));
    const totals = await Promise.all(streams.map(async (stream) => (await store.readStream(stream)).length));
    expect(totals.reduce((sum, total) => sum + total)).toBe(written);
    await Promise.all(streams.map((stream, n) => expectWhole(stream, totals[n] ?? 0)));
  });
});

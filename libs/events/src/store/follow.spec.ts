import { jest } from '@jest/globals';
import pg from 'pg';
import { eventually } from '../../../../test/support/app.ts';
import { freshLog, type TestLog } from '../../../../test/support/log.ts';
import { hear } from '../hearing.ts';
import { Follower } from './follow.ts';
import { eventsChannel } from './schema.ts';

const WAKES = 50;
const OTHERS = 10;

describe('watching the log', () => {
  let log: TestLog;

  beforeAll(async () => {
    log = await freshLog();
  });
  afterAll(() => log.drop());
  afterEach(() => jest.restoreAllMocks());

  it('leaves nothing hanging on a signal, however often it is woken', async () => {
    const added = jest.spyOn(AbortSignal.prototype, 'addEventListener');
    const joined = jest.spyOn(AbortSignal, 'any');
    const looked = jest.spyOn(pg.Client.prototype, 'query');
    const looks = (): number => looked.mock.calls.filter((call) => JSON.stringify(call[0])?.includes('grown')).length;
    const nothing = (): void => undefined;
    // Others in this process may pause at signals of theirs: only the follower's own counts.
    const stopping = new AbortController();
    const made = jest.spyOn(globalThis, 'AbortController').mockImplementationOnce(() => stopping);
    const follower = new Follower(log.pool, 'things', 'me', {
      onGrown: nothing,
      onForgotten: nothing,
      onReconnect: nothing,
      onError: nothing,
    });
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
    // It is the follower's own that was watched.
    expect(stopping.signal.aborted).toBe(true);
  });

  it('asks one thing at a time of the connection that all listeners share', async () => {
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

/** Watches what is asked of every connection: by how many queries the busiest was asked in all, and how many at once. */
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

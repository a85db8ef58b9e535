import { jest } from '@jest/globals';
import pg from 'pg';
import { freshDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import { Bell } from '../bell.ts';
import { hear } from '../source/hearing.ts';
import { Follower } from './follow.ts';
import { eventsChannel, migrateEventStore } from './schema.ts';

const WAKES = 50;

describe('watching the log', () => {
  let database: TestDatabase;
  let pool: pg.Pool;

  beforeAll(async () => {
    database = await freshDatabase();
    pool = new pg.Pool({ connectionString: database.url, options: '-c search_path=things', max: 8 });
    await pool.query('create schema things');
    const client = await pool.connect();
    await migrateEventStore(client, 'things');
    client.release();
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });
  afterEach(() => jest.restoreAllMocks());

  it('leaves nothing hanging on a signal, however often it is woken', async () => {
    const added = jest.spyOn(AbortSignal.prototype, 'addEventListener');
    const joined = jest.spyOn(AbortSignal, 'any');
    const looked = jest.spyOn(pg.Client.prototype, 'query');
    const looks = (): number => looked.mock.calls.filter((call) => JSON.stringify(call[0])?.includes('grown')).length;
    const nothing = (): void => undefined;
    const follower = new Follower(pool, 'things', 'me', {
      onGrown: nothing,
      onForgotten: nothing,
      onReconnect: nothing,
      onError: nothing,
    });
    await follower.start();
    for (let wake = 0; wake < WAKES; wake++) {
      const before = looks();
      await pool.query('select pg_notify($1, $2)', [eventsChannel('things'), '1 another']);
      while (looks() === before) await new Promise(setImmediate);
    }
    expect(joined).not.toHaveBeenCalled();
    expect(added).not.toHaveBeenCalled();
    await follower.stop();
  });

  it('asks one thing at a time of the connection that all listeners share', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): number => warnings.push(warning);
    process.on('warning', note);
    const failures: unknown[] = [];
    const join = async (channel: string): Promise<{ heard: Promise<void>; leave: () => Promise<void> }> => {
      const bell = new Bell();
      const leave = hear(pool, { channel, bell, onError: (error) => failures.push(error) });
      return Promise.resolve({ heard: bell.wait(60_000), leave });
    };
    const first = await join('first');
    await first.heard;
    const others = await Promise.all(Array.from({ length: 10 }, (_none, index) => join(`other_${index}`)));
    await Promise.all(others.map(({ heard }) => heard));
    for (const { leave } of [first, ...others]) await leave();
    process.off('warning', note);
    expect(failures).toEqual([]);
    expect(warnings.filter(({ name }) => name === 'DeprecationWarning')).toEqual([]);
  });
});

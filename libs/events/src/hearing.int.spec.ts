import { jest } from '@jest/globals';
import pg from 'pg';
import { eventually } from '../../../test/support/app.ts';
import { freshDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { Bell } from './bell.ts';
import { hear } from './hearing.ts';

describe('hearing', () => {
  let database: TestDatabase;
  /** Two services' pools. */
  let pools: [pg.Pool, pg.Pool];
  let pool: pg.Pool;
  const errors: unknown[] = [];

  const listen = (bell: Bell, through = pool): (() => Promise<void>) => {
    const ring = (): void => bell.ring();
    return hear(through, { channels: ['things'], told: ring, missed: ring, onError: (error) => errors.push(error) });
  };

  const listening = async (): Promise<number[]> => {
    const { rows } = await pool.query<{ pid: number }>(
      `select pid from pg_stat_activity where datname = current_database() and query like 'listen%'`,
    );
    return rows.map(({ pid }) => pid);
  };

  beforeEach(async () => {
    database = await freshDatabase();
    const open = (schema: string): pg.Pool => new pg.Pool({ ...database.config, options: `-c search_path=${schema}` });
    pools = [open('one'), open('other')];
    [pool] = pools;
    // Dropping the database cuts what is still closing.
    for (const one of pools) one.on('error', () => undefined);
  });
  afterEach(async () => {
    await Promise.all(pools.filter((one) => !one.ended).map((one) => one.end()));
    await database.drop();
    expect(errors.splice(0)).toEqual([]);
  });

  it('notifies all listeners of all pools over one connection', async () => {
    const bells = [new Bell(), new Bell()];
    const stops = bells.map((bell, n) => listen(bell, pools[n]));
    // A notification may have been sent before there was a listener.
    await Promise.all(bells.map((bell) => bell.wait(30_000)));
    const told = Promise.all(bells.map((bell) => bell.wait(30_000)));
    await pool.query('notify things');
    await told;
    expect(await listening()).toHaveLength(1);
    await Promise.all(stops.map((stop) => stop()));
    await eventually(async () => (await listening()).length === 0);
  });

  it('notifies each listener of its own channels, with the payload', async () => {
    const heard: string[] = [];
    const bell = new Bell();
    const stop = hear(pool, {
      channels: ['things', 'others'],
      told: (payload, channel) => {
        heard.push(`${channel} ${payload}`);
        if (heard.length === 2) bell.ring();
      },
      missed: () => bell.ring(),
      onError: (error) => errors.push(error),
    });
    const other = new Bell();
    const stopOther = listen(other);
    await Promise.all([bell.wait(30_000), other.wait(30_000)]);
    await pool.query(`notify others, 'one'; notify things, 'two'`);
    await Promise.all([bell.wait(30_000), other.wait(30_000)]);
    expect(heard).toEqual(['others one', 'things two']);
    await Promise.all([stop(), stopOther()]);
  });

  it('continues for the others when one listener has stopped and its pool has ended', async () => {
    const [first, next] = [new Bell(), new Bell()];
    const [stopFirst, stopNext] = [listen(first), listen(next, pools[1])];
    await Promise.all([first.wait(30_000), next.wait(30_000)]);
    await stopFirst();
    await pool.end();
    const told = next.wait(30_000);
    await pools[1].query('notify things');
    await told;
    await stopNext();
  });

  it('reports that notifications may have been missed when the connection was lost', async () => {
    const missed = jest.fn();
    const told = jest.fn();
    const stop = hear(pool, { channels: ['things'], told, missed, onError: (error) => errors.push(error) });
    await eventually(() => missed.mock.calls.length === 1);
    const [pid] = await listening();
    await pool.query('select pg_terminate_backend($1)', [pid]);
    await eventually(() => missed.mock.calls.length === 2);
    expect(await listening()).not.toContain(pid);
    await pool.query(`notify things, 'again'`);
    await eventually(() => told.mock.calls.length === 1);
    expect(told).toHaveBeenCalledWith('again', 'things');
    await stop();
  });

  it('reports an error to a listener whose LISTEN fails, and listens for the next one', async () => {
    const [first, next] = [new Bell(), new Bell()];
    const stop = listen(first);
    await first.wait(30_000);
    const refused: unknown[] = [];
    const nothing = (): void => undefined;
    const onError = (error: unknown): void => void refused.push(error);
    const stopRefused = hear(pool, { channels: [''], told: nothing, missed: nothing, onError });
    const stopNext = listen(next);
    await next.wait(30_000);
    expect(String(refused)).toContain('zero-length');
    await pool.query('notify things');
    await next.wait(30_000);
    await Promise.all([stop(), stopRefused(), stopNext()]);
  });

  it('also stops while it is still connecting', async () => {
    await listen(new Bell())();
    await eventually(async () => (await listening()).length === 0);
  });
});

import pg from 'pg';
import { freshDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import { Bell } from '../bell.ts';
import { hear } from './hearing.ts';

describe('hearing', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  const errors: unknown[] = [];

  const listen = (bell = new Bell()): (() => Promise<void>) =>
    hear(pool, { channel: 'things', bell, onError: (error) => errors.push(error) });

  beforeEach(async () => {
    database = await freshDatabase();
    pool = new pg.Pool(database.config);
    // Dropping the database cuts what is still closing.
    pool.on('error', () => undefined);
  });
  afterEach(async () => {
    await pool.end();
    await database.drop();
    expect(errors.splice(0)).toEqual([]);
  });

  it('rings for all who listen, over one connection', async () => {
    const bells = [new Bell(), new Bell()];
    const stops = bells.map(listen);
    // Something may have come before there was anyone to hear it.
    await Promise.all(bells.map((bell) => bell.wait(30_000)));
    const told = Promise.all(bells.map((bell) => bell.wait(30_000)));
    await pool.query('notify things');
    await told;
    expect(pool.totalCount).toBe(2);
    await Promise.all(stops.map((stop) => stop()));
  });

  it('tells who cannot be listened for, and listens for who comes next', async () => {
    const [first, next] = [new Bell(), new Bell()];
    const stop = listen(first);
    await first.wait(30_000);
    const refused: unknown[] = [];
    const stopRefused = hear(pool, { channel: '', bell: new Bell(), onError: (error) => refused.push(error) });
    const stopNext = listen(next);
    await next.wait(30_000);
    expect(String(refused)).toContain('zero-length');
    await pool.query('notify things');
    await next.wait(30_000);
    await Promise.all([stop(), stopRefused(), stopNext()]);
  });

  it('stops while it is still connecting, too', async () => {
    await listen()();
    expect(pool.totalCount).toBe(0);
  });
});

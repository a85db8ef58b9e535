import pg from 'pg';
import { freshDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import type { StreamType } from '../decider.ts';
import { UniqueViolationError } from '../store.ts';
import { PostgresEventStore } from './postgres-event-store.ts';
import { migrateEventStore } from './schema.ts';

interface Counted {
  readonly type: 'thing.counted';
  readonly once?: string;
}

const things: StreamType<number, Counted> = { name: 'thing', initialState: 0, evolve: (count) => count + 1 };
const metadata = { actor: { type: 'system', id: 'test' }, correlation_id: 'test' } as const;

describe('an event with an id of the caller’s making', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  const opened: PostgresEventStore[] = [];

  const open = async (): Promise<PostgresEventStore> => {
    const store = await PostgresEventStore.open({
      pool,
      schema: 'things',
      streams: [things],
      projections: [],
      keys: { wrap: (key) => Buffer.from(key), unwrap: (key) => Buffer.from(key) },
    });
    opened.push(store);
    return store;
  };
  const count = (store: PostgresEventStore, stream: string, once?: string) =>
    store
      .handle(things, stream, () => [{ type: 'thing.counted', ...(once === undefined ? {} : { once }) }], {
        metadata,
        idOf: (event) => event.once,
      })
      .then(
        () => 'counted',
        (error: unknown) => (error instanceof UniqueViolationError ? error.constraint : String(error)),
      );

  beforeAll(async () => {
    database = await freshDatabase();
    pool = new pg.Pool({ ...database.config, options: '-c search_path=things', max: 8 });
    // Dropping the database cuts what is still closing.
    pool.on('error', () => undefined);
    await pool.query('create schema things');
    const client = await pool.connect();
    await migrateEventStore(client, 'things');
    client.release();
  });
  afterEach(() => Promise.all(opened.splice(0).map((store) => store.close())));
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  it('happens once, whoever sends it, on whatever stream, and takes no other along', async () => {
    const stores = [await open(), await open()];
    const answers = await Promise.all(
      stores.flatMap((store, n) =>
        Array.from({ length: 60 }, (_, i) =>
          i % 3 === 0 ? count(store, `thing_${i % 4}`, `once_${i}`) : count(store, `thing_${(i + n) % 4}`),
        ),
      ),
    );
    const of = (answer: string): number => answers.filter((one) => one === answer).length;
    expect([of('counted'), of('events_id_key')]).toEqual([100, 20]);
    const { rows } = await pool.query<{ count: number }>('select count(*)::int as count from events');
    expect(rows).toEqual([{ count: 100 }]);
    const reader = await open();
    const states = await Promise.all([0, 1, 2, 3].map((n) => reader.load(things, `thing_${n}`)));
    expect(states.reduce((sum, { state }) => sum + state, 0)).toBe(100);
  });

  it('is found by it', async () => {
    const store = await open();
    await count(store, 'thing_found', 'mine');
    const found = await store.find<Counted>(['mine', 'nobody’s']);
    expect([...found.keys()]).toEqual(['mine']);
    expect(found.get('mine')).toMatchObject({ stream_id: 'thing_found', version: 1, event: { once: 'mine' } });
    expect(await store.find([])).toEqual(new Map());
  });
});

import pg from 'pg';
import { freshDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import type { EventContract } from '../contract.ts';
import type { DomainEvent, StreamType } from '../decider.ts';
import { PostgresEventStore } from '../store/postgres-event-store.ts';
import { migrateEventStore } from '../store/schema.ts';
import { LogSource } from './log.source.ts';

const things: StreamType<number> = { name: 'thing', initialState: 0, evolve: (count) => count + 1 };
const metadata = { actor: { type: 'system', id: 'test' }, correlation_id: 'test' } as const;

const contract = (type: string): EventContract<never> => ({
  type,
  service: 'things',
  schema_version: 1,
  description: type,
  subject: 'thing_1',
  example: {},
  data: {},
  publish: () => ({}),
});
const contracts = ['thing.made', 'thing.used', 'thing.lost', 'other.made'].map(contract);

describe('a log as a source', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let store: PostgresEventStore;
  const opened: LogSource[] = [];

  const append = (...types: string[]): Promise<unknown> =>
    store.handle(things, 'thing_1', () => types.map((type): DomainEvent => ({ type })), { metadata });
  const listen = (types?: readonly string[]) => {
    const source = new LogSource('things', pool, contracts, (error) => expect(error).toBeUndefined(), types);
    opened.push(source);
    let position = 0;
    return async (limit = 10): Promise<string[]> => {
      const batch = await source.next(() => position, limit, AbortSignal.timeout(5_000));
      if (batch === undefined) throw new Error('nothing came');
      position = batch.position;
      return [...batch.events.map(({ type }) => type), `up to ${position}`];
    };
  };

  beforeEach(async () => {
    database = await freshDatabase();
    pool = new pg.Pool({ ...database.config, options: '-c search_path=things', max: 8 });
    // Dropping the database cuts what is still closing.
    pool.on('error', () => undefined);
    await pool.query('create schema things');
    const client = await pool.connect();
    await migrateEventStore(client, 'things');
    client.release();
    const keys = { wrap: (key: Uint8Array) => key, unwrap: (key: Uint8Array) => key };
    store = await PostgresEventStore.open({ pool, schema: 'things', streams: [things], projections: [], keys });
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((source) => source.close()));
    await store.close();
    await pool.end();
    await database.drop();
  });

  it('brings the types that are wanted, and passes the others by', async () => {
    await append('thing.used', 'thing.made', 'thing.used', 'other.made', 'thing.lost');
    expect(await listen(['thing.made', 'other.*'])()).toEqual(['thing.made', 'other.made', 'up to 5']);
    expect(await listen(['nothing.*'])()).toEqual(['up to 5']);
    expect(await listen()()).toHaveLength(6);
  });

  it('goes on above the last one where there are more than it may take', async () => {
    await append('thing.used', 'thing.made', 'thing.made', 'thing.used', 'thing.made');
    const next = listen(['thing.made']);
    expect(await next(2)).toEqual(['thing.made', 'thing.made', 'up to 3']);
    expect(await next(2)).toEqual(['thing.made', 'up to 5']);
    const coming = next();
    await append('thing.used', 'thing.made');
    expect(await coming).toEqual(['thing.made', 'up to 7']);
  });
});

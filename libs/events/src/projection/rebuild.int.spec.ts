import { jest } from '@jest/globals';
import pg, { type Pool } from 'pg';
import { freshLog, type TestLog } from '../../../../test/support/log.ts';
import type { StreamType } from '../decider.ts';
import { type EventStore, type Replay, UniqueViolationError } from '../store.ts';
import { rebuild } from './rebuild.ts';
import { tableProjection } from './table.ts';

interface NamedEvent {
  readonly type: 'thing.named';
  readonly name: string;
}

const things: StreamType<string, NamedEvent> = { name: 'thing', initialState: '', evolve: (_, { name }) => name };

interface Row {
  readonly id: string;
  readonly version: number;
  readonly name: string;
}

const projection = tableProjection<Row, NamedEvent>({
  table: { name: 'names', key: ['id'], columns: { id: 'text', version: 'integer', name: 'text' } },
  types: ['thing.named'],
  id: ({ stream_id }) => stream_id,
  evolve: (_row, { stream_id, version, event }) => ({ id: stream_id, version, name: event.name }),
});

const metadata = { actor: { type: 'system', id: 'test' }, correlation_id: 'test' } as const;

describe('a rebuild', () => {
  let log: TestLog;
  let pool: Pool;
  let store: EventStore;
  beforeEach(async () => {
    log = await freshLog(`
      create table names (id text primary key, version integer not null, name text not null,
        constraint names_once unique (name));
      create index names_by_version on names (version desc) where version > 1`);
    pool = log.pool;
    store = await log.open({ streams: [things], projections: [projection] });
  });
  afterEach(() => log.drop());

  const name = (id: string, as: string): Promise<unknown> =>
    store.handle(things, id, () => [{ type: 'thing.named', name: as }], { metadata });
  const run = (): Promise<number> => rebuild({ pool, schema: 'things', store, projection });
  const rows = async (): Promise<Row[]> => (await pool.query<Row>('select * from names order by id')).rows;
  const schemas = async (): Promise<string[]> =>
    (
      await pool.query<{ name: string }>(`select nspname as name from pg_namespace where nspname like 'things%'`)
    ).rows.map((row) => row.name);

  it('of 100,000 events equals the live table, while more events are appended', async () => {
    // Equals what 20,000 streams of five events would have written, one append at a time.
    await pool.query(
      `insert into events (id, stream_id, version, type, data, metadata)
       select 'evt_' || v || '_' || s, 'thing_' || s, v, 'thing.named', jsonb_build_object('name', s || ' for the ' || v), $1
       from generate_series(1, 5) v, generate_series(1, 20000) s order by v, s`,
      [metadata],
    );
    await pool.query(`insert into names select 'thing_' || s, 5, s || ' for the 5' from generate_series(1, 20000) s`);
    let going = true;
    let written = 0;
    const writing = (async () => {
      for (; going; written++) await name(`late_${written % 100}`, `late ${written}`);
    })();
    const asked = jest.spyOn(pg.Client.prototype, 'query');
    const events = await run();
    going = false;
    await writing;
    const statements = asked.mock.calls.filter(([query]) => JSON.stringify(query).includes('names')).length;
    asked.mockRestore();

    expect(events).toBeGreaterThanOrEqual(100_000);
    expect(events).toBeLessThanOrEqual(100_000 + written);
    const found = await rows();
    expect(found.filter(({ id }) => id.startsWith('thing_'))).toEqual(
      Array.from({ length: 20_000 }, (_, n) => ({ id: `thing_${n + 1}`, version: 5, name: `${n + 1} for the 5` })).sort(
        (a, b) => (a.id < b.id ? -1 : 1),
      ),
    );
    // The swap of the tables lost no write.
    const { rows: log } = await pool.query<Row>(
      `select distinct on (stream_id) stream_id as id, version, data->>'name' as name from events
       where stream_id like 'late%' order by stream_id, version desc`,
    );
    expect(found.filter(({ id }) => id.startsWith('late_'))).toEqual(log);
    // Rows are written by thousands; a late row is written live, and once more after the swap.
    expect(statements).toBeLessThan(events / 500 + 2 * written);
  });

  it('corrects wrong rows of the live table', async () => {
    await name('a', 'one');
    await name('b', 'two');
    await pool.query(`update names set name = 'wrong' where id = 'a'; delete from names where id = 'b'`);
    expect(await run()).toBe(2);
    expect(await rows()).toEqual([
      { id: 'a', version: 1, name: 'one' },
      { id: 'b', version: 1, name: 'two' },
    ]);
  });

  it('keeps the names of indexes, by which violations are recognized', async () => {
    const indexes = async (): Promise<unknown> =>
      (await pool.query(`select indexname, indexdef from pg_indexes where tablename = 'names' order by indexname`))
        .rows;
    const before = await indexes();
    await name('a', 'one');
    await run();
    await run();
    expect(await indexes()).toEqual(before);
    await expect(name('b', 'one')).rejects.toMatchObject({ constraint: 'names_once' });
    await expect(name('b', 'one')).rejects.toThrow(UniqueViolationError);
  });

  it('replays a history in which a unique name moved from one row to another', async () => {
    await name('b', 'other');
    await name('a', 'one');
    await name('a', 'none');
    await name('b', 'one');
    const before = await rows();
    expect(await run()).toBe(4);
    expect(await rows()).toEqual(before);
  });

  it('leaves the live table unchanged when it fails', async () => {
    await name('a', 'one');
    const replay = (): Replay => ({
      handle: () => Promise.reject(new Error('a mistake')),
      flush: () => Promise.resolve(),
    });
    const broken = { ...projection, replay };
    await expect(rebuild({ pool, schema: 'things', store, projection: broken })).rejects.toThrow('a mistake');
    await name('b', 'two');
    expect(await rows()).toHaveLength(2);
  });

  it('drops what a killed rebuild left, and runs only once at a time', async () => {
    await name('a', 'one');
    await pool.query(`create schema things__rebuild_names; create table things__rebuild_names.names (id text)`);
    let second: unknown;
    const reader: Pick<EventStore, 'readAll'> = {
      readAll: async (range) => {
        // Another rebuild starts while the first one is reading.
        second ??= await run().catch((error: unknown) => error);
        return store.readAll(range);
      },
    };
    await rebuild({ pool, schema: 'things', store: reader, projection });
    expect(String(second)).toContain('another process is rebuilding names of things');
    expect(await schemas()).toEqual(['things']);
    expect(await rows()).toHaveLength(1);
  });
});

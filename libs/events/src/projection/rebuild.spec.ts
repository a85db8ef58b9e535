import pg from 'pg';
import { freshDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import type { StreamType } from '../decider.ts';
import type { RecordedEvent } from '../event.ts';
import { PostgresEventStore } from '../store/postgres-event-store.ts';
import { migrateEventStore } from '../store/schema.ts';
import { rebuild } from './rebuild.ts';
import { tableProjection } from './table.ts';

type BoxEvent =
  | { readonly type: 'box.filled'; readonly label: string; readonly tags: readonly string[]; readonly content: unknown }
  | { readonly type: 'box.looked_at' }
  | { readonly type: 'box.emptied' };

interface BoxRow {
  readonly id: string;
  readonly label: string;
  readonly tags: readonly string[];
  readonly content: unknown;
  readonly fillings: number;
  readonly filled_at: Date | string;
}

const boxes: StreamType<number, BoxEvent> = { name: 'box', initialState: 0, evolve: (n) => n + 1 };

const projection = tableProjection<BoxRow, BoxEvent>({
  name: 'boxes',
  table: 'boxes',
  key: 'id',
  columns: { id: 'text', label: 'text', tags: 'text[]', content: 'jsonb', fillings: 'int', filled_at: 'timestamptz' },
  types: ['box.*'],
  id: ({ stream_id }) => stream_id,
  evolve: (row, { stream_id, event, recorded_at }) => {
    switch (event.type) {
      case 'box.filled': {
        const { label, tags, content } = event;
        return { id: stream_id, label, tags, content, fillings: (row?.fillings ?? 0) + 1, filled_at: recorded_at };
      }
      case 'box.looked_at':
        return undefined;
      case 'box.emptied':
        return null;
    }
  },
});

const metadata = { actor: { type: 'system', id: 'test' }, correlation_id: 'test' } as const;
const keys = { wrap: (key: Uint8Array) => key, unwrap: (key: Uint8Array) => key };

describe('a table projection', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let store: PostgresEventStore;

  beforeEach(async () => {
    database = await freshDatabase();
    pool = new pg.Pool({ ...database.config, options: '-c search_path=attic' });
    pool.on('error', () => undefined);
    const client = await pool.connect();
    await client.query('create schema attic');
    await migrateEventStore(client, 'attic');
    await client.query(`create table boxes (
      id text primary key, label text not null constraint one_box_a_label unique, tags text[] not null,
      content jsonb, fillings int not null, filled_at timestamptz not null)`);
    await client.query('create index boxes_by_time on boxes (filled_at desc) where fillings > 1');
    client.release();
    store = await PostgresEventStore.open({ pool, schema: 'attic', streams: [boxes], projections: [projection], keys });
  });
  afterEach(async () => {
    await store.close();
    await pool.end();
    await database.drop();
  });

  const append = (id: string, ...events: BoxEvent[]): Promise<unknown> =>
    store.handle(boxes, id, () => events, { metadata });
  const filled = (label: string, content: unknown = null, tags: readonly string[] = []): BoxEvent => ({
    type: 'box.filled',
    label,
    tags,
    content,
  });
  const table = async (): Promise<BoxRow[]> => (await pool.query<BoxRow>('select * from boxes order by id')).rows;
  const indexes = async (): Promise<unknown[]> =>
    (await pool.query(`select indexname, indexdef from pg_indexes where schemaname = 'attic' order by 1, 2`)).rows;

  it('writes rows, changes them and removes them', async () => {
    const strange = `quote " back \\ comma , brace { null`;
    await append('a', filled('A', { deep: [1, null, { x: strange }] }, [strange, '', 'null']));
    await append('b', filled('B', 'just text'), filled('B2', [1, 2]), { type: 'box.looked_at' });
    await append('c', filled('C'), { type: 'box.emptied' });
    expect(await table()).toEqual([
      expect.objectContaining({
        id: 'a',
        content: { deep: [1, null, { x: strange }] },
        tags: [strange, '', 'null'],
        fillings: 1,
      }),
      expect.objectContaining({ id: 'b', label: 'B2', content: [1, 2], fillings: 2 }),
    ]);
    await append('b', { type: 'box.emptied' });
    // What a removed row held is free in the same transaction.
    await append('c', filled('B2'));
    expect((await table()).map(({ id }) => id)).toEqual(['a', 'c']);
  });

  it('is the same however its events are cut into batches', async () => {
    for (let n = 0; n < 30; n++)
      await append(`box_${n % 7}`, n % 5 === 4 ? { type: 'box.emptied' } : filled(`L${n}`, { n }));
    const live = await table();
    for (const batch of [1, 4, 1_000]) {
      expect(await rebuild({ pool, schema: 'attic', store, projection, batch })).toBe(30);
      expect(await table()).toEqual(live);
    }
  });

  it('is rebuilt with the names of its indexes, by which their errors are known', async () => {
    await append('a', filled('A'));
    const before = await indexes();
    await rebuild({ pool, schema: 'attic', store, projection });
    expect(await indexes()).toEqual(before);
    await expect(append('b', filled('A'))).rejects.toMatchObject({ constraint: 'one_box_a_label' });
  });

  it('is mended by a rebuild, which throws away what a killed one left', async () => {
    await append('a', filled('A'));
    const live = await table();
    await pool.query(`update boxes set label = 'wrong'`);
    await pool.query('create schema attic__rebuild_boxes');
    await pool.query('create table attic__rebuild_boxes.boxes (like attic.boxes)');
    await pool.query('insert into attic__rebuild_boxes.boxes select * from attic.boxes');
    await rebuild({ pool, schema: 'attic', store, projection });
    expect(await table()).toEqual(live);
    const { rows } = await pool.query(`select 1 from pg_namespace where nspname = 'attic__rebuild_boxes'`);
    expect(rows).toEqual([]);
  });

  it('leaves the live table as it was when the rebuild fails', async () => {
    await append('a', filled('A'));
    const live = await table();
    const broken = { ...projection, handle: () => Promise.reject(new Error('a mistake')) };
    await expect(rebuild({ pool, schema: 'attic', store, projection: broken })).rejects.toThrow('a mistake');
    expect(await table()).toEqual(live);
  });

  it('is rebuilt from 100,000 events to the same table while appends go on', async () => {
    await pool.query(`insert into events (id, stream_id, version, type, data, metadata)
      select 'evt_' || n, 'box_' || n % 2000, 1 + n / 2000, 'box.filled',
        jsonb_build_object('label', 'L' || n % 2000, 'tags', '["t"]'::jsonb, 'content', jsonb_build_object('n', n)),
        '{"actor": {"type": "system", "id": "test"}, "correlation_id": "test"}'
      from generate_series(0, 99999) n order by n`);
    let appended = 0;
    let rebuilding = true;
    const appending = (async () => {
      while (rebuilding || appended < 100) {
        await append(`new_${appended}`, filled(`new_${appended}`));
        appended += 1;
      }
    })();
    let told = 0;
    const started = performance.now();
    const events = await rebuild({
      pool,
      schema: 'attic',
      store,
      projection,
      onProgress: (count) => {
        told = count;
      },
    });
    const rate = Math.round((events / (performance.now() - started)) * 1000);
    rebuilding = false;
    await appending;
    process.stderr.write(`rebuild: ${rate} events/s with appends beside it\n`);
    expect(events).toBeGreaterThan(100_000);
    expect(told).toBe(events);

    // What the events say, told by the database itself.
    const { rows } = await pool.query(`
      select (select count(*)::int from boxes) as boxes, count(*)::int as wrong from (
        select stream_id, count(*)::int as fillings, nullif((array_agg(data->'content' order by version desc))[1], 'null') as content,
          max(recorded_at) as filled_at from events group by stream_id) e
      left join boxes b on b.id = e.stream_id
      where (b.fillings, b.content, b.filled_at) is distinct from (e.fillings, e.content, e.filled_at)`);
    expect(rows).toEqual([{ boxes: 2_000 + appended, wrong: 0 }]);
  }, 60_000);

  it('refuses a second rebuild beside the first', async () => {
    await append('a', filled('A'));
    let begun: () => void = () => undefined;
    const beginning = new Promise<void>((resolve) => (begun = resolve));
    let go: () => void = () => undefined;
    const going = new Promise<void>((resolve) => (go = resolve));
    const slow = {
      ...projection,
      handle: async (batch: readonly RecordedEvent[], tx: pg.PoolClient) => {
        begun();
        await going;
        await projection.handle(batch, tx);
      },
    };
    const first = rebuild({ pool, schema: 'attic', store, projection: slow });
    await beginning;
    await expect(rebuild({ pool, schema: 'attic', store, projection })).rejects.toThrow('is rebuilding boxes');
    go();
    expect(await first).toBe(1);
  });
});

import { freshLog, type TestLog } from '../../../../test/support/log.ts';
import type { StreamType } from '../decider.ts';
import type { UnrecordedEvent } from '../event.ts';
import type { EventStore, Loaded, Projection } from '../store.ts';
import { rowsOfBeginnings, tableProjection } from './table.ts';

interface Counted {
  readonly type: 'thing.counted';
  readonly note: string | null;
}

interface Row {
  readonly id: string;
  readonly version: number;
  readonly notes: readonly (string | null)[] | null;
  readonly at: Date;
}

type Notes = readonly (string | null)[];

const things: StreamType<Notes, Counted> = {
  name: 'thing',
  initialState: [],
  evolve: (notes, { note }) => [...notes, note],
};
const metadata = { actor: { type: 'system', id: 'test' }, correlation_id: 'test' } as const;
const count = (...notes: Notes) => notes.map((note): Counted => ({ type: 'thing.counted', note }));
/** Rows without notes have null in place of a list. */
const listOf = (notes: Notes): Notes | null => (notes.every((note) => note === null) ? null : notes);

const columns = { id: 'text', version: 'integer', notes: 'jsonb', at: 'timestamptz' } as const;

const counts = tableProjection<Row, Counted, 'at'>({
  table: { name: 'counts', key: ['id'], columns },
  types: ['thing.counted'],
  id: ({ stream_id }) => stream_id,
  evolve: (row, { stream_id: id, version, event, recorded_at }) => ({
    id,
    version,
    notes: listOf([...(row?.notes ?? Array<null>(version - 1).fill(null)), event.note]),
    at: new Date(recorded_at),
  }),
  stamp: 'at',
  ahead: (batch, states) =>
    [...new Set(batch.map(({ stream_id }) => stream_id))].map((id) => {
      const { state, version } = states.get(id) as Loaded<Notes>;
      return { id, version, notes: listOf(state) };
    }),
});

type Begun = Pick<Row, 'id' | 'version'>;
const begin = (row: Begun | undefined, { stream_id: id, version }: UnrecordedEvent): Begun => ({ ...row, id, version });

const beginnings = tableProjection<Begun, Counted>({
  table: { name: 'beginnings', key: ['id'], columns: { id: 'text', version: 'integer' } },
  types: ['thing.counted'],
  id: ({ stream_id }) => stream_id,
  evolve: begin,
  ahead: rowsOfBeginnings(begin),
});

describe('a table that is written with the events', () => {
  let log: TestLog;
  let store: EventStore;
  const handled: string[] = [];
  const watched = (projection: Projection): Projection => ({
    ...projection,
    handle: async (batch, tx) => {
      handled.push(projection.name);
      await projection.handle(batch, tx);
    },
  });

  beforeEach(async () => {
    handled.length = 0;
    log = await freshLog(`create table counts (id text primary key, version integer, notes jsonb, at timestamptz);
      create table beginnings (id text primary key, version integer)`);
    store = await log.open({ streams: [things], projections: [watched(counts), watched(beginnings)] });
  });
  afterEach(() => log.drop());

  const rows = async (table: string) => (await log.pool.query(`select * from ${table} order by id`)).rows as unknown[];

  it('has the rows of the states, and the time of the log', async () => {
    await store.handle(things, 'thing_1', () => count('one'), { metadata });
    const [first, second] = await Promise.all([
      store.handle(things, 'thing_1', () => count('two', '"\\\n🦉'), { metadata }),
      store.handle(things, 'thing_2', () => count(null), { metadata }),
    ]);
    const at = ({ events }: { events: readonly { recorded_at: string }[] }): Date =>
      new Date(events.at(-1)?.recorded_at ?? 0);
    expect(await rows('counts')).toEqual([
      { id: 'thing_1', version: 3, notes: ['one', 'two', '"\\\n🦉'], at: at(first) },
      { id: 'thing_2', version: 1, notes: null, at: at(second) },
    ]);
    expect(handled).not.toContain('counts');
  });

  it('has the rows of streams that begin, and reads those of others first', async () => {
    await store.handle(things, 'thing_1', () => count('one', 'two'), { metadata });
    expect(handled).toEqual([]);
    await store.handle(things, 'thing_1', () => count('three'), { metadata });
    expect(handled).toEqual(['beginnings']);
    expect(await rows('beginnings')).toEqual([{ id: 'thing_1', version: 3 }]);
  });

  it('has the same rows after a replay', async () => {
    for (const notes of [['one'], [null, 'two'], ['three']])
      await Promise.all(
        ['thing_1', 'thing_2'].map((id) => store.handle(things, id, () => count(...notes), { metadata })),
      );
    const before = await rows('counts');
    await log.pool.query('truncate counts');
    const client = await log.pool.connect();
    await counts.handle(await store.readAll({ after: 0, limit: 100 }), client);
    client.release();
    expect(await rows('counts')).toEqual(before);
  });
});

import fc from 'fast-check';
import pg from 'pg';
import { freshDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import type { RecordedEvent } from '../event.ts';
import { inTransaction } from '../subscription/transaction.ts';
import { tableProjection } from './table.ts';

interface Row {
  readonly id: string;
  readonly version: number;
  readonly name: string;
  readonly tags: readonly (string | null)[];
  readonly notes: unknown;
  readonly at: Date;
}

type NameEvent =
  | { readonly type: 'name.taken'; readonly name: string; readonly notes?: unknown; readonly tags?: readonly string[] }
  | { readonly type: 'name.given_up' }
  | { readonly type: 'name.seen' };

const projection = tableProjection<Row, NameEvent>({
  table: {
    name: 'names',
    key: ['id'],
    columns: { id: 'text', version: 'integer', name: 'text', tags: 'text[]', notes: 'jsonb', at: 'timestamptz' },
  },
  types: ['name.*'],
  id: ({ stream_id }) => stream_id,
  evolve: (_row, { event, stream_id, version, recorded_at }) => {
    switch (event.type) {
      case 'name.taken': {
        const { name, notes = null, tags = [] } = event;
        return { id: stream_id, version, name, notes, tags, at: new Date(recorded_at) };
      }
      case 'name.given_up':
        return null;
      case 'name.seen':
        return undefined;
    }
  },
});

/** Events as they come from a log: positions and versions ascend. */
const logOf = (events: readonly (readonly [string, NameEvent])[]): RecordedEvent[] => {
  const versions = new Map<string, number>();
  return events.map(([stream_id, event], n) => {
    const version = (versions.get(stream_id) ?? 0) + 1;
    versions.set(stream_id, version);
    return {
      id: `evt_${n}`,
      position: n + 1,
      stream_id,
      version,
      type: event.type,
      schema_version: 1,
      event,
      metadata: { actor: { type: 'system', id: 'test' }, correlation_id: 'test' },
      recorded_at: new Date(1_700_000_000_000 + n).toISOString(),
    };
  });
};

describe('a table projection', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  beforeAll(async () => {
    database = await freshDatabase();
    pool = new pg.Pool(database.config);
    // Dropping the database cuts what is still closing.
    pool.on('error', () => undefined);
    await pool.query(`create table names (id text primary key, version integer not null,
      name text not null constraint names_once unique, tags text[] not null, notes jsonb, at timestamptz not null)`);
  });
  beforeEach(() => pool.query('truncate names'));
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  const project = (log: readonly RecordedEvent[]): Promise<void> =>
    inTransaction(pool, (tx) => projection.handle(log, tx));
  const rows = async (): Promise<Row[]> => (await pool.query<Row>('select * from names order by id')).rows;

  it('keeps text, JSON, arrays and times unchanged', async () => {
    const tags = ['plain', 'with "quotes"', 'back\\slash', 'comma, brace}', '', 'null', 'ünï'];
    const notes = { deep: [1, 'two', { three: null }], quote: '"' };
    await project(logOf([['a', { type: 'name.taken', name: "o'clock", tags, notes }]]));
    expect(await rows()).toEqual([
      { id: 'a', version: 1, name: "o'clock", tags, notes, at: new Date(1_700_000_000_000) },
    ]);
  });

  it('leaves a row unchanged when an event does not concern it', async () => {
    await project(
      logOf([
        ['a', { type: 'name.taken', name: 'one' }],
        ['a', { type: 'name.seen' }],
        ['b', { type: 'name.seen' }],
      ]),
    );
    expect(await rows()).toMatchObject([{ id: 'a', version: 1, name: 'one' }]);
  });

  it('moves a unique value from a removed row to a new row, in one batch', async () => {
    await project(logOf([['a', { type: 'name.taken', name: 'one' }]]));
    await project(
      logOf([
        ['b', { type: 'name.seen' }],
        ['a', { type: 'name.given_up' }],
        ['b', { type: 'name.taken', name: 'one' }],
      ]),
    );
    expect(await rows()).toMatchObject([{ id: 'b', name: 'one' }]);
  });

  it('lets the database refuse a duplicate unique value', async () => {
    const taken = project(
      logOf([
        ['a', { type: 'name.taken', name: 'one' }],
        ['b', { type: 'name.taken', name: 'one' }],
      ]),
    );
    await expect(taken).rejects.toMatchObject({ code: '23505', constraint: 'names_once' });
    expect(await rows()).toEqual([]);
  });

  it('gives the same table for any batch size', async () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd');
    const event = fc
      .tuple(id, fc.constantFrom<NameEvent['type']>('name.taken', 'name.given_up', 'name.seen'))
      .map(([stream, type], n = 0): readonly [string, NameEvent] => [
        stream,
        type === 'name.taken' ? { type, name: `${stream}${n}` } : { type },
      ]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { minLength: 1, maxLength: 30 }),
        fc.array(fc.nat(5), { maxLength: 30 }),
        async (events, sizes) => {
          const log = logOf(events);
          await pool.query('truncate names');
          for (const one of log) await project([one]);
          const oneByOne = await rows();
          await pool.query('truncate names');
          let taken = 0;
          for (const size of sizes) {
            const batch = log.slice(taken, (taken += size));
            if (batch.length > 0) await project(batch);
          }
          if (taken < log.length) await project(log.slice(taken));
          expect(await rows()).toEqual(oneByOne);

          // And the way of a rebuild, which writes rows when it likes.
          await pool.query('truncate names');
          await inTransaction(pool, async (tx) => {
            const replay = projection.replay?.();
            for (const one of log) {
              await replay?.handle([one], tx);
              if (one.position % 7 === 0) await replay?.flush(tx);
            }
            await replay?.flush(tx);
          });
          expect(await rows()).toEqual(oneByOne);
        },
      ),
      { numRuns: 50 },
    );
  });
});

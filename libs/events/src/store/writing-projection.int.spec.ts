import type { Pool } from 'pg';
import { freshLog, type TestLog } from '../../../../test/support/log.ts';
import type { StreamType } from '../decider.ts';
import type { UnrecordedEvent } from '../event.ts';
import { type EventStore, UniqueViolationError, writingProjection } from '../store.ts';

interface Named {
  readonly type: 'thing.named';
  readonly name: string;
}

const things: StreamType<string, Named> = { name: 'thing', initialState: '', evolve: (_, { name }) => name };
const metadata = { actor: { type: 'system', id: 'test' }, correlation_id: 'test' } as const;
const name = (as: string) => (): Named[] => [{ type: 'thing.named', name: as }];

/** Names are unique, and are stored with the time that the log gave them. */
const names = writingProjection({
  name: 'names',
  types: ['thing.named'],
  tables: ['names'],
  writes: (batch) => {
    const events = batch as readonly UnrecordedEvent<Named>[];
    return [
      {
        text: `insert into names select n.id, n.name, e.recorded_at
          from unnest($1::text[], $2::text[], $3::text[]) as n(id, name, event_id) join events e on e.id = event_id`,
        values: [
          events.map(({ stream_id }) => stream_id),
          events.map(({ event }) => event.name),
          events.map(({ id }) => id),
        ],
      },
    ];
  },
});

describe('a projection whose writes are sent with the events', () => {
  let log: TestLog;
  let pool: Pool;
  let store: EventStore;

  beforeEach(async () => {
    log = await freshLog('create table names (id text, name text constraint names_once unique, at timestamptz)');
    pool = log.pool;
    store = await log.open({ streams: [things], projections: [names] });
  });
  afterEach(() => log.drop());

  const rows = async () => (await pool.query<{ id: string; at: Date }>('select id, at from names order by id')).rows;

  it('finds in the log the position and time of its events', async () => {
    const { events } = await store.handle(things, 'thing_1', name('one'), { metadata });
    expect(await rows()).toEqual([{ id: 'thing_1', at: new Date(events[0]?.recorded_at ?? 0) }]);
  });

  it('fails its events when it cannot be written, and no others', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 40 }, (_, n) =>
        store.handle(things, `thing_${n}`, name(n === 20 ? 'name 19' : `name ${n}`), { metadata }),
      ),
    );
    const refused = results.flatMap((result, n) => (result.status === 'rejected' ? [{ n, ...result }] : []));
    expect(refused).toHaveLength(1);
    expect(refused[0]?.reason).toBeInstanceOf(UniqueViolationError);
    expect(refused[0]?.reason).toMatchObject({ constraint: 'names_once' });
    const written = (await store.readAll({ after: 0, limit: 100 })).map(({ stream_id }) => stream_id);
    expect(written).toHaveLength(39);
    expect((await rows()).map(({ id }) => id)).toEqual(written.toSorted());
    expect(written).not.toContain(`thing_${refused[0]?.n}`);
  });

  it('writes nothing when it throws', async () => {
    const writes = (): never => {
      throw new RangeError('not to be written');
    };
    const other = await log.open({ streams: [things], projections: [writingProjection({ ...names, writes })] });
    await expect(other.handle(things, 'nothing', name('none'), { metadata })).rejects.toThrow(RangeError);
    expect(await other.readStream('nothing')).toEqual([]);
  });
});

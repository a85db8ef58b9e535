import { setImmediate as nextTurn } from 'node:timers/promises';
import pg, { type Pool } from 'pg';
import { freshLog, type TestLog } from '../../../../test/support/log.ts';
import type { StreamType } from '../decider.ts';
import { type Projection, StaleVersionError, UniqueViolationError } from '../store.ts';
import type { PostgresEventStore } from './postgres-event-store.ts';
import { migrateEventStore } from './schema.ts';

type CounterEvent =
  | { readonly type: 'counter.increased'; readonly by: number }
  | { readonly type: 'counter.named'; readonly name: string; readonly email: string | null; readonly person: string };

interface Counter {
  readonly total: number;
  readonly email: string | null;
}

const counters: StreamType<Counter, CounterEvent> = {
  name: 'counter',
  initialState: { total: 0, email: null },
  evolve: (state, event) => {
    switch (event.type) {
      case 'counter.increased':
        return { ...state, total: state.total + event.by };
      case 'counter.named':
        return { ...state, email: event.email };
      default:
        return state;
    }
  },
  personal: {
    'counter.named': { person: (event) => (event.type === 'counter.named' ? event.person : null), fields: ['email'] },
  },
  upcasters: { 'counter.increased': { 1: ({ amount, by, ...rest }) => ({ ...rest, by: by ?? amount }) } },
};

/** Names are unique, as the read table's index says. */
const names: Projection = {
  name: 'names',
  types: ['counter.named'],
  tables: ['names'],
  handle: async (batch, tx) => {
    for (const { stream_id, event } of batch) {
      await tx.query('insert into names (id, name) values ($1, $2)', [
        stream_id,
        (event as unknown as { name: string }).name,
      ]);
    }
  },
};

const metadata = { actor: { type: 'system', id: 'test' }, correlation_id: 'test' } as const;

class LimitReached extends Error {}

const increase =
  (by = 1, limit = Infinity) =>
  ({ total }: Counter): CounterEvent[] => {
    if (total + by > limit) throw new LimitReached();
    return [{ type: 'counter.increased', by }];
  };

const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe('the event store', () => {
  let log: TestLog;
  let pool: Pool;

  const open = (): Promise<PostgresEventStore> => log.open({ streams: [counters], projections: [names] });

  beforeAll(async () => {
    log = await freshLog('create table names (id text primary key, name text not null constraint names_unique unique)');
    pool = log.pool;
  });
  afterEach(() => log.closeStores());
  afterAll(() => log.drop());

  it('can be migrated again', async () => {
    const client = await pool.connect();
    await migrateEventStore(client, 'things');
    client.release();
  });

  it('appends what a command decides, and answers with state, version and events', async () => {
    const store = await open();
    await store.handle(counters, 'first', increase(2), { metadata });
    const outcome = await store.handle(counters, 'first', increase(3), { metadata });
    expect(outcome).toMatchObject({ streamId: 'first', state: { total: 5 }, version: 2 });
    expect(outcome.events).toMatchObject([
      { type: 'counter.increased', version: 2, event: { by: 3 }, schema_version: 2 },
    ]);
    expect(outcome.events[0]?.id).toMatch(/^evt_[0-7][0-9a-hjkmnp-tv-z]{25}$/);
    expect(await store.readStream('first')).toHaveLength(2);
    expect(store.peek(counters, 'first')).toMatchObject({ version: 2 });
  });

  it('refuses to change, remove or truncate events', async () => {
    await expect(pool.query(`update events set type = 'x'`)).rejects.toThrow(/never changed/);
    await expect(pool.query('delete from events')).rejects.toThrow(/never changed/);
    await expect(pool.query('truncate events')).rejects.toThrow(/never changed/);
  });

  it('creates a stream once when 300 pairs of commands race from two stores', async () => {
    const [one, two] = await Promise.all([open(), open()]);
    const results = await Promise.all(
      Array.from({ length: 300 }, (_, n) =>
        Promise.allSettled(
          [one, two].map((store) => store.handle(counters, `raced_${n}`, increase(), { metadata, expectedVersion: 0 })),
        ),
      ),
    );
    for (const pair of results) {
      expect(pair.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      const lost = pair.find((result) => result.status === 'rejected');
      expect(lost?.reason).toBeInstanceOf(StaleVersionError);
    }
  });

  it('accepts exactly the limit on one hot stream, from two stores at once', async () => {
    const stores = await Promise.all([open(), open()]);
    const results = await Promise.allSettled(
      Array.from({ length: 1000 }, async (_, n) =>
        stores[n % 2]?.handle(counters, 'hot', increase(1, 700), { metadata }),
      ),
    );
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused).toHaveLength(300);
    expect(refused.every(({ reason }) => reason instanceof LimitReached)).toBe(true);
    await until(async () => (await stores[0]?.load(counters, 'hot'))?.state.total === 700);
    expect((await (await open()).load(counters, 'hot')).state.total).toBe(700);
  });

  it('writes commands of one turn of the event loop together', async () => {
    const flushes: number[] = [];
    const store = await log.open({ streams: [counters], observe: { flushed: (events) => flushes.push(events) } });
    const create = (count: number): Promise<unknown> =>
      Promise.all(
        Array.from({ length: count }, (_, n) =>
          nextTurn().then(() =>
            store.handle(counters, `one_of_${count}_${n}`, increase(), { metadata, expectedVersion: 0 }),
          ),
        ),
      );
    await create(64);
    await create(8);
    expect(flushes).toEqual([64, 8]);
  });

  it('decides the commands of a stream in the order of the calls', async () => {
    const store = await open();
    const calls = Array.from({ length: 50 }, (_, n) => n + 1);
    await Promise.all(calls.map((n) => store.handle(counters, 'in_order', increase(n), { metadata })));
    const events = await store.readStream('in_order');
    expect(events.map(({ event }) => (event as unknown as { by: number }).by)).toEqual(calls);
  });

  it('lets one bad command of a group fail alone', async () => {
    const store = await open();
    const name = (n: number) => (): CounterEvent[] => [
      { type: 'counter.named', name: n === 50 ? 'name 49' : `name ${n}`, email: null, person: 'p' },
    ];
    const results = await Promise.allSettled(
      Array.from({ length: 100 }, (_, n) => store.handle(counters, `named_${n}`, name(n), { metadata })),
    );
    const failed = results.filter((result) => result.status === 'rejected');
    expect(failed).toHaveLength(1);
    expect(failed[0]?.reason).toBeInstanceOf(UniqueViolationError);
    expect(failed[0]?.reason).toMatchObject({ constraint: 'names_unique', table: 'names' });
  });

  it('lets one bad command of many on one stream fail alone', async () => {
    const store = await open();
    const taken = (): CounterEvent[] => [{ type: 'counter.named', name: 'taken', email: null, person: 'p' }];
    await store.handle(counters, 'taken', taken, { metadata });
    const commands = Array.from({ length: 9 }, (_, n) =>
      store.handle(counters, 'mixed', n === 4 ? taken : increase(), { metadata }),
    );
    const results = await Promise.allSettled(commands);
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect(results[4]).toMatchObject({ status: 'rejected', reason: { constraint: 'names_unique' } });
    expect((await store.load(counters, 'mixed')).state.total).toBe(8);
  });

  it('refuses a stale If-Match and reports the version', async () => {
    const store = await open();
    await store.handle(counters, 'matched', increase(), { metadata });
    await expect(store.handle(counters, 'matched', increase(), { metadata, expectedVersion: 4 })).rejects.toMatchObject(
      {
        name: 'StaleVersionError',
        expected: 4,
        actual: 1,
      },
    );
  });

  it('sees the writes of another store without a call', async () => {
    const [one, two] = await Promise.all([open(), open()]);
    await one.handle(counters, 'followed', increase(), { metadata });
    await two.load(counters, 'followed');
    await one.handle(counters, 'followed', increase(), { metadata });
    await until(() => two.peek(counters, 'followed')?.version !== 1);
    expect((await two.load(counters, 'followed')).state.total).toBe(2);
  });

  it('refuses no command because of a state that another store has changed', async () => {
    const [one, two] = await Promise.all([open(), open()]);
    const drained = (): CounterEvent[] => [{ type: 'counter.increased', by: -1 }];
    for (let n = 0; n < 50; n++) {
      const stream = `drained_${n}`;
      await one.handle(counters, stream, increase(1, 1), { metadata });
      await two.handle(counters, stream, drained, { metadata });
      // The first store may not know of the change yet, and still must not report that the limit has been reached.
      await expect(one.handle(counters, stream, increase(1, 1), { metadata })).resolves.toMatchObject({ version: 3 });
    }
  });

  it('answers a command that changes nothing with the present state, and appends nothing', async () => {
    const store = await open();
    await store.handle(counters, 'quiet', increase(), { metadata });
    const outcome = await store.handle(counters, 'quiet', () => [], { metadata });
    expect(outcome).toMatchObject({ version: 1, state: { total: 1 }, events: [] });
    expect(await store.readStream('quiet')).toHaveLength(1);
  });

  it('upcasts old events to the current schema', async () => {
    const store = await open();
    await pool.query(
      `insert into events (id, stream_id, version, type, schema_version, data, metadata)
       values ('evt_old', 'old', 1, 'counter.increased', 1, '{"amount": 7}', '{}')`,
    );
    expect((await store.load(counters, 'old')).state.total).toBe(7);
    expect((await store.readAll({ after: 0, limit: 10_000, types: ['counter.inc*'] })).at(-1)?.event).toEqual({
      type: 'counter.increased',
      by: 7,
    });
  });

  it('keeps personal data encrypted, and forgets it everywhere when the person is forgotten', async () => {
    const [one, two] = await Promise.all([open(), open()]);
    const named = (): CounterEvent[] => [
      { type: 'counter.named', name: 'Ada', email: 'ada@example.com', person: 'person_1' },
    ];
    await one.handle(counters, 'person', named, { metadata });
    const { rows } = await pool.query<{ data: string }>(`select data::text from events where stream_id = 'person'`);
    expect(rows[0]?.data).not.toContain('ada@');
    expect((await two.load(counters, 'person')).state.email).toBe('ada@example.com');
    await one.forgetPerson('person_1');
    expect((await one.load(counters, 'person')).state.email).toBeNull();
    await until(() => two.peek(counters, 'person') === undefined);
    expect((await two.load(counters, 'person')).state.email).toBeNull();
    expect((await two.readStream('person'))[0]?.event).toMatchObject({ email: null, name: 'Ada' });
  });

  it('folds a stream as of a past moment', async () => {
    const store = await open();
    const first = await store.handle(counters, 'past', increase(), { metadata });
    await new Promise((resolve) => setTimeout(resolve, 5));
    await store.handle(counters, 'past', increase(), { metadata });
    expect(await store.loadAsOf(counters, 'past', first.events[0]?.recorded_at ?? '')).toMatchObject({
      version: 1,
      state: { total: 1 },
    });
    expect(await store.loadAsOf(counters, 'past', '2020-01-01T00:00:00.000Z')).toMatchObject({ version: 0 });
  });

  it('neither loses nor duplicates events when its connections are cut', async () => {
    const store = await open();
    const administrator = new pg.Client(log.database.config);
    await administrator.connect();
    let accepted = 0;
    let cutting = true;
    const work = Promise.all(
      Array.from({ length: 20 }, async () => {
        for (; cutting; accepted++) await store.handle(counters, 'cut', increase(), { metadata });
      }),
    );
    for (let cuts = 0; cuts < 10; cuts++) {
      const before = accepted;
      await until(() => accepted > before + 20);
      await administrator.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
      );
    }
    cutting = false;
    await work;
    expect((await (await open()).load(counters, 'cut')).state.total).toBe(accepted);
    await administrator.end();
    expect(accepted).toBeGreaterThan(200);
  });
});

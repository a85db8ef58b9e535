import { freshLog, type TestLog } from '../../../../test/support/log.ts';
import type { StreamType } from '../decider.ts';
import { tableProjection } from '../projection/table.ts';
import type { EventStore, Read, Snapshot } from '../store.ts';

type GateEvent = { readonly type: 'gate.opened' } | { readonly type: 'gate.closed' };
interface Increased {
  readonly type: 'counter.increased';
  readonly by: number;
}
interface CounterRow {
  readonly id: string;
  readonly version: number;
  readonly total: number;
}

const gates: StreamType<{ readonly open: boolean }, GateEvent> = {
  name: 'gate',
  initialState: { open: true },
  evolve: (_state, { type }) => ({ open: type === 'gate.opened' }),
};

const counters: StreamType<{ readonly total: number }, Increased> = {
  name: 'counter',
  initialState: { total: 0 },
  evolve: ({ total }, { by }) => ({ total: total + by }),
};

const totals = tableProjection<CounterRow, Increased>({
  table: { name: 'totals', key: ['id'], columns: { id: 'text', version: 'integer', total: 'integer' } },
  types: ['counter.*'],
  id: ({ stream_id }) => stream_id,
  evolve: (row, { event, stream_id, version }) => ({ id: stream_id, version, total: (row?.total ?? 0) + event.by }),
});

class Closed extends Error {}

const throughGate =
  (gate: string) =>
  (_state: unknown, _version: number, read: Read): Increased[] => {
    if (!read(gates, gate).state.open) throw new Closed();
    return [{ type: 'counter.increased', by: 1 }];
  };

const metadata = { actor: { type: 'system', id: 'test' }, correlation_id: 'test' } as const;

describe('the states that a decision reads of other streams', () => {
  let log: TestLog;

  const open = (snapshots: readonly Snapshot[] = []): Promise<EventStore> =>
    log.open({ streams: [gates, counters], projections: [totals], snapshots });

  beforeAll(async () => {
    log = await freshLog('create table totals (id text primary key, version integer not null, total integer not null)');
  });
  afterEach(() => log.closeStores());
  afterAll(() => log.drop());

  it('still hold when the events are committed, despite other writers', async () => {
    const [a, b] = [await open(), await open()];
    const seen = new Set<string>();
    for (let round = 0; round < 20; round++) {
      const gate = `gate_${round}`;
      await a.handle(gates, gate, () => [{ type: 'gate.opened' }], { metadata });
      const pass = (store: EventStore, n: number): Promise<string> =>
        store
          .handle(counters, `counter_${round}_${n % 7}`, throughGate(gate), {
            metadata,
            reads: [{ type: gates, id: gate }],
          })
          .then(
            () => 'passed',
            (error: unknown) => (error instanceof Closed ? 'closed' : String(error)),
          );
      await Promise.all([pass(a, 0), pass(b, 1)]);
      const passing = Array.from({ length: 60 }, (_, n) => pass(n % 2 === 0 ? a : b, n));
      await Promise.race(passing);
      const closing = a.handle(gates, gate, () => [{ type: 'gate.closed' }], { metadata });
      passing.push(...Array.from({ length: 60 }, (_, n) => pass(n % 2 === 0 ? a : b, n)));
      const answers = await Promise.all(passing);
      await closing;
      for (const answer of answers) seen.add(answer);
      const { rows } = await log.pool.query<{ late: string; passed: string }>(
        `select count(*) filter (where position > (select position from events where stream_id = $1 and type = 'gate.closed')) as late,
           count(*) as passed from events where stream_id like $2`,
        [gate, `counter\\_${round}\\_%`],
      );
      expect(rows).toEqual([{ late: '0', passed: String(2 + answers.filter((one) => one === 'passed').length) }]);
    }
    expect(seen).toEqual(new Set(['passed', 'closed']));
  });

  it('cause no refusal after another process has changed them', async () => {
    const [a, b] = [await open(), await open()];
    await a.handle(gates, 'gate_x', () => [{ type: 'gate.closed' }], { metadata });
    await b.load(gates, 'gate_x');
    // b has no time to receive the notification.
    const opening = a.handle(gates, 'gate_x', () => [{ type: 'gate.opened' }], { metadata });
    await opening;
    const { state } = await b.handle(counters, 'counter_x', throughGate('gate_x'), {
      metadata,
      reads: [{ type: gates, id: 'gate_x' }],
    });
    expect(state.total).toBe(1);
  });

  it('separate two decisions that read the streams of each other', async () => {
    const stores = [await open(), await open()];
    let both = 0;
    for (let round = 0; round < 40; round++) {
      const [one, other] = [`gate_one_${round}`, `gate_other_${round}`];
      for (const gate of [one, other])
        await stores[0]?.handle(gates, gate, () => [{ type: 'gate.opened' }], { metadata });
      // Either may be closed as long as the other is open.
      const close = (store: EventStore | undefined, gate: string, unless: string): Promise<boolean> | undefined =>
        store
          ?.handle(
            gates,
            gate,
            (_state, _version, read) => {
              if (!read(gates, unless).state.open) throw new Closed();
              return [{ type: 'gate.closed' }];
            },
            { metadata, reads: [{ type: gates, id: unless }] },
          )
          .then(
            () => true,
            () => false,
          );
      const closed = await Promise.all([close(stores[0], one, other), close(stores[round % 2], other, one)]);
      expect(closed).toContain(true);
      if (closed.every(Boolean)) both += 1;
    }
    expect(both).toBe(0);
  });

  it('must be named in the command', async () => {
    const store = await open();
    await expect(store.handle(counters, 'counter_y', throughGate('gate_y'), { metadata })).rejects.toThrow(
      'does not say that it reads gate gate_y',
    );
  });

  it('load a long stream from the table of its state, and continue from there', async () => {
    const first = await open();
    const increase = (store: EventStore) =>
      store.handle(counters, 'counter_long', () => [{ type: 'counter.increased', by: 2 }], { metadata });
    for (let n = 0; n < 5; n++) await increase(first);
    const store = await open([
      {
        stream: counters,
        load: async (ids, from) => {
          const { rows } = await from.query<CounterRow>('select id, version, total from totals where id = any($1)', [
            ids,
          ]);
          // Differs from the folded state, so that the test can see its origin.
          return new Map(rows.map(({ id, version, total }) => [id, { version, state: { total: total + 1000 } }]));
        },
      },
    ]);
    expect(await store.load(counters, 'counter_long')).toMatchObject({ version: 5, state: { total: 1010 } });
    expect(await increase(store)).toMatchObject({ version: 6, state: { total: 1012 } });
    expect(await store.load(counters, 'counter_none')).toMatchObject({ version: 0, state: { total: 0 } });
    // A stream that the table has lost is folded.
    await log.pool.query(`delete from totals where id = 'counter_long'`);
    const fresh = await open([{ stream: counters, load: () => Promise.resolve(new Map()) }]);
    expect(await fresh.load(counters, 'counter_long')).toMatchObject({ version: 6, state: { total: 12 } });
  });
});

import { freshLog, type TestLog } from '../../../../test/support/log.ts';
import type { StreamType } from '../decider.ts';
import { type EventStore, UniqueViolationError } from '../store.ts';

interface Counted {
  readonly type: 'thing.counted';
  readonly once?: string;
}

const things: StreamType<number, Counted> = { name: 'thing', initialState: 0, evolve: (count) => count + 1 };
const metadata = { actor: { type: 'system', id: 'test' }, correlation_id: 'test' } as const;

describe('an event with an id chosen by the caller', () => {
  let log: TestLog;

  const open = (): Promise<EventStore> => log.open({ streams: [things] });
  const count = (store: EventStore, stream: string, once?: string) =>
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
    log = await freshLog();
  });
  afterEach(() => log.closeStores());
  afterAll(() => log.drop());

  it('happens once, from any sender, on any stream, and fails no other event', async () => {
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
    const { rows } = await log.pool.query<{ count: number }>('select count(*)::int as count from events');
    expect(rows).toEqual([{ count: 100 }]);
    const reader = await open();
    const states = await Promise.all([0, 1, 2, 3].map((n) => reader.load(things, `thing_${n}`)));
    expect(states.reduce((sum, { state }) => sum + state, 0)).toBe(100);
  });

  it('is found by its id', async () => {
    const store = await open();
    await count(store, 'thing_found', 'mine');
    const found = await store.find<Counted>(['mine', 'nobody’s']);
    expect([...found.keys()]).toEqual(['mine']);
    expect(found.get('mine')).toMatchObject({ stream_id: 'thing_found', version: 1, event: { once: 'mine' } });
    expect(await store.find([])).toEqual(new Map());
  });
});

import type { Pool } from 'pg';
import { freshLog, type TestLog } from '../../../../test/support/log.ts';
import type { StreamType } from '../decider.ts';
import { type EventStore, HandledBeforeError } from '../store.ts';
import { removeExpired } from './expire.ts';

interface Counted {
  readonly type: 'thing.counted';
}

const things: StreamType<number, Counted> = { name: 'thing', initialState: 0, evolve: (count) => count + 1 };
const metadata = { actor: { type: 'system', id: 'test' }, correlation_id: 'test' } as const;
const count = (): Counted[] => [{ type: 'thing.counted' }];

describe('an event store with command ids', () => {
  let log: TestLog;
  let pool: Pool;

  const open = (): Promise<EventStore> => log.open({ streams: [things] });

  beforeAll(async () => {
    log = await freshLog();
    pool = log.pool;
  });
  afterEach(() => log.closeStores());
  afterAll(() => log.drop());

  it('handles a command id once, for any number of calls to any store', async () => {
    const stores = await Promise.all([open(), open()]);
    const remember = () => ({
      fingerprint: 'f',
      result: Buffer.from('answer'),
      expires_at: '2100-01-01T00:00:00.000Z',
    });
    const send = async (n: number) =>
      stores[n % 2]?.handle(things, 'once', count, { metadata, commandId: 'cmd-1', remember });
    const results = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => send(n)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(HandledBeforeError);
    }
    await expect(send(0)).rejects.toMatchObject({ fingerprint: 'f', result: Buffer.from('answer') });
    expect((await (await open()).load(things, 'once')).state).toBe(1);
  });

  it('accepts a command id again after its stored result has expired', async () => {
    const store = await open();
    await store.remember('cmd-old', {
      fingerprint: '',
      result: Buffer.alloc(0),
      expires_at: '2020-01-01T00:00:00.000Z',
    });
    expect(await store.recall('cmd-old')).toBeUndefined();
    await store.handle(things, 'anew', count, { metadata, commandId: 'cmd-old' });
    expect(await store.recall('cmd-old')).toBeDefined();
  });

  it('removes command ids that have expired, and no others', async () => {
    const store = await open();
    const remembered = { fingerprint: '', result: Buffer.alloc(0) };
    await store.remember('cmd-gone', { ...remembered, expires_at: '2020-01-01T00:00:00.000Z' });
    await store.remember('cmd-kept', { ...remembered, expires_at: '2100-01-01T00:00:00.000Z' });
    await removeExpired(pool);
    const { rows } = await pool.query<{ command_id: string }>(
      `select command_id from commands where command_id in ('cmd-gone', 'cmd-kept')`,
    );
    expect(rows).toEqual([{ command_id: 'cmd-kept' }]);
  });

  it('writes nothing of a command whose answer cannot be stored', async () => {
    const store = await open();
    const remember = (): never => {
      throw new RangeError('not to be remembered');
    };
    const options = { metadata, commandId: 'unremembered', remember };
    await expect(store.handle(things, 'nothing', count, options)).rejects.toThrow(RangeError);
    expect(await store.readStream('nothing')).toEqual([]);
    expect((await store.load(things, 'nothing')).version).toBe(0);
  });
});

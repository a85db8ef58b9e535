import type { Pool } from 'pg';
import { freshLog, type TestLog } from '../../../../test/support/log.ts';
import type { StreamType } from '../decider.ts';
import { openPool } from '../pool.ts';

interface Increased {
  readonly type: 'counter.increased';
  readonly by: number;
}

const counters: StreamType<{ readonly total: number }, Increased> = {
  name: 'counter',
  initialState: { total: 0 },
  evolve: ({ total }, { by }) => {
    if (by < 0) throw new Error('cannot be folded');
    return { total: total + by };
  },
};
const metadata = { actor: { type: 'system', id: 'test' }, correlation_id: 'test' } as const;

describe('streams that are read at once', () => {
  let log: TestLog;
  let pair: Pool;
  beforeEach(async () => {
    log = await freshLog();
    // One connection listens. The other keeps the first plan that it makes: that of an empty log.
    const options = '-c search_path=things -c plan_cache_mode=force_generic_plan';
    pair = openPool({ ...log.database.config, options, max: 2 }, () => undefined);
  });
  afterEach(async () => {
    await log.closeStores();
    await pair.end();
    await log.drop();
  });

  it('come out each as it is, those that do not exist among them', async () => {
    const writing = await log.open({ streams: [counters] });
    for (const [id, times] of [
      ['a', 3],
      ['b', 1],
      ['c', 2],
    ] as const)
      for (let n = 0; n < times; n++)
        await writing.handle(counters, id, () => [{ type: 'counter.increased', by: n + 1 }], { metadata });
    const reading = await log.open({ streams: [counters] });
    const loaded = await Promise.all(['a', 'none', 'b', 'c', 'a'].map((id) => reading.load(counters, id)));
    expect(loaded).toEqual([
      { state: { total: 6 }, version: 3 },
      { state: { total: 0 }, version: 0 },
      { state: { total: 1 }, version: 1 },
      { state: { total: 3 }, version: 2 },
      { state: { total: 6 }, version: 3 },
    ]);
  });

  it('do not fail with one that cannot be folded', async () => {
    await log.pool.query(`insert into events (id, stream_id, version, type, data, metadata) values
      ('evt_1', 'good', 1, 'counter.increased', '{"by": 1}', '{}'), ('evt_2', 'bad', 1, 'counter.increased', '{"by": -1}', '{}')`);
    const store = await log.open({ streams: [counters] });
    const [good, bad] = await Promise.allSettled(['good', 'bad'].map((id) => store.load(counters, id)));
    expect(good).toMatchObject({ value: { state: { total: 1 } } });
    expect(bad).toMatchObject({ reason: new Error('cannot be folded') });
  });

  it('are found by their index, by a plan that was made for an empty log', async () => {
    const store = await log.open({ streams: [counters], pool: pair });
    await Promise.all(['a', 'b'].map((id) => store.load(counters, id)));
    const { rows } = await pair.query<Record<'QUERY PLAN', string>>(`explain execute read_histories('{a,b}')`);
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toContain('events_stream_version');
    expect(plan).not.toContain('Seq Scan');
  });
});

import pg, { type Pool } from 'pg';
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

describe('streams that are read together', () => {
  let log: TestLog;
  let single: Pool;
  beforeEach(async () => {
    log = await freshLog();
    // Its connection keeps the first plan that it makes: that of an empty log.
    const options = '-c search_path=things -c plan_cache_mode=force_generic_plan';
    single = openPool({ ...log.database.config, options, max: 1 }, () => undefined);
  });
  afterEach(async () => {
    await log.closeStores();
    await single.end();
    await log.drop();
  });

  it('are each read correctly, including those that do not exist', async () => {
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

  it('are read even when connections are cut meanwhile', async () => {
    const store = await log.open({ streams: [counters] });
    await store.handle(counters, 'a', () => [{ type: 'counter.increased', by: 1 }], { metadata });
    const administrator = new pg.Client(log.database.config);
    await administrator.connect();
    const cut = `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`;
    for (let cuts = 0; cuts < 20; cuts++) {
      const nobody = Array.from({ length: 5 }, (_, n) => `none_${cuts}_${n}`);
      const [loaded] = await Promise.all([
        Promise.all(nobody.map((id) => store.load(counters, id))),
        administrator.query(cut),
      ]);
      expect(loaded.map(({ version }) => version)).toEqual([0, 0, 0, 0, 0]);
    }
    await administrator.end();
  });

  it('do not fail because of one that cannot be folded', async () => {
    await log.pool.query(`insert into events (id, stream_id, version, type, data, metadata) values
      ('evt_1', 'good', 1, 'counter.increased', '{"by": 1}', '{}'), ('evt_2', 'bad', 1, 'counter.increased', '{"by": -1}', '{}')`);
    const store = await log.open({ streams: [counters] });
    const [good, bad] = await Promise.allSettled(['good', 'bad'].map((id) => store.load(counters, id)));
    expect(good).toMatchObject({ value: { state: { total: 1 } } });
    expect(bad).toMatchObject({ reason: new Error('cannot be folded') });
  });

  it('are found by their index, by a plan that was made for an empty log', async () => {
    const store = await log.open({ streams: [counters], pool: single });
    await Promise.all(['a', 'b'].map((id) => store.load(counters, id)));
    const { rows } = await single.query<Record<'QUERY PLAN', string>>(`explain execute read_histories('{a,b}')`);
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toContain('events_stream_version');
    expect(plan).not.toContain('Seq Scan');
  });
});

import pg from 'pg';
import type { PublishedEvent } from '#events/event';
import type { EventStore } from '#events/store';
import { inTransaction, keyedPool, PLAN_ONCE } from '#events/subscription/transaction';
import { answered, claimedDelivery } from '../../../../test/support/sending.ts';
import { freshServiceDatabase, type TestServiceDatabase } from '../../../../test/support/service-database.ts';
import { fanOut } from '../deliveries/fan-out.ts';
import { makeHistory } from '../history/history.ts';
import { TODAY } from '../history/days.ts';
import { announceExhausted } from '../operations/exhausted.ts';
import { webhooksService } from '../webhooks.module.ts';
import { Claims } from './claims.ts';
import { recordFree } from './results.ts';
import { defaultSettings } from './settings.ts';

/** Enough that a plan that reads all of them shows. */
const WAITING = 20_000;
const OWNER = '00000000-0000-4000-8000-000000000000';

describe('statements on deliveries', () => {
  let open: TestServiceDatabase;
  /** Of one connection each, which keeps its prepared plans. */
  let pool: pg.Pool;
  let keyed: pg.Pool;
  beforeAll(async () => {
    open = await freshServiceDatabase('webhooks', webhooksService.migrations);
    await makeHistory(open.pool);
    pool = new pg.Pool({ connectionString: open.url, pipeline: true, options: '-c search_path=webhooks', max: 1 });
    await pool.query(
      `insert into webhook_endpoints (id, version, url, events, ordering, active, secrets, settings, created_at)
       values ('whk_1', 1, 'https://example.com', '["*"]', 'strict', true, '[]', '{}', now())`,
    );
    keyed = keyedPool(pool, 1, (error) => {
      throw error;
    });
    const claims = new Claims(pool, keyed, OWNER, 15_000);
    await claims.take(new Map([['whk_1', 10]]), new Map());
    await claims.renew([{ id: 'dlv_1', day: 0 }]);
    await claims.release([{ id: 'dlv_1', day: 0 }]);
    const by = { owner: OWNER, circuit: defaultSettings.circuit };
    for (const status of ['succeeded', 'failed'] as const)
      await recordFree(keyed, by, [{ delivery: claimedDelivery(1), attempt: answered(), status, pause: undefined }]);
    await inTransaction(pool, (tx) => fanOut([EVENT], tx));
  });
  afterAll(async () => {
    await keyed.end();
    await pool.end();
    await open.drop();
  });

  const EVENT: PublishedEvent = {
    specversion: '1.0',
    id: 'evt_2',
    source: 'keyledger/licensing',
    type: 'license.created',
    subject: 'lic_1',
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
    dataschema: 'urn:x',
    streamversion: 1,
    position: 1,
    correlationid: 'test',
    actortype: 'system',
    actorid: 'test',
    data: {},
  };

  it.each([
    ['claim_deliveries', 7, () => keyed],
    ['renew_claims', 4, () => pool],
    ['release_claims', 3, () => pool],
    ['record_results', 20, () => keyed],
    ['record_results_arrived', 13, () => keyed],
    ['keep_events', 3, () => pool],
    ['insert_deliveries', 9, () => pool],
  ])('find rows by keys, though planned in an empty week: %s', async (name, parameters, of) => {
    const lines = await inTransaction(of(), async (tx) => {
      await tx.query(PLAN_ONCE);
      const nulls = Array.from({ length: parameters }, () => 'null').join(', ');
      const { rows } = await tx.query<{ 'QUERY PLAN': string }>(`explain (costs off) execute ${name}(${nulls})`);
      return rows.map((row) => row['QUERY PLAN'].trim());
    });
    const scans = lines.flatMap((line, n) => (/Scan.* on (deliveries|outgoing_events)_/.test(line) ? [n] : []));
    expect(scans.length).toBeGreaterThan(0);
    for (const n of scans) {
      expect(lines[n]).toMatch(/^-> {2}Index (Only )?Scan using/);
      expect(lines[n + 1]).toMatch(/^Index Cond: \(+(id|event_id|endpoint_id) = /);
    }
  });

  it('find deliveries that failed for good without reading all others, even without statistics', async () => {
    await pool.query(
      `insert into deliveries (id, day, seq, endpoint_id, event_id, event_type, status, due_at)
       select 'dlv_' || n, ${TODAY}, n, 'whk_2', 'evt_' || n, 'license.created', 'pending', now() from generate_series(1, $1::int) as n`,
      [WAITING],
    );
    // More often than the five custom plans, after which PostgreSQL takes a generic one.
    for (let n = 0; n < 7; n++) expect(await announceExhausted(pool, {} as EventStore, 30)).toBe(false);
    const { rows } = await pool.query<{ 'QUERY PLAN': string }>(
      'explain (analyze, costs off, timing off, summary off, buffers off) execute untold_deliveries(30)',
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toMatch(/Index Scan using .* on deliveries_/);
    expect(plan).not.toMatch(/Seq Scan on deliveries_|Rows Removed by Filter/);
  });
});

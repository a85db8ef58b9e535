import type pg from 'pg';
import type { ServiceDatabase } from '#platform/database/database';
import { openDatabase } from '#platform/database/open';
import { freshDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import { webhooksService } from '../webhooks.module.ts';
import { dropGates, dropHistory, dropStatistics, giveUpOld, makeHistory } from './history.ts';

const DAY_MS = 86_400_000;
const today = (): number => Math.floor(Date.now() / DAY_MS);

describe('the history of deliveries', () => {
  let database: TestDatabase;
  let open: ServiceDatabase | undefined;
  let pool: pg.Pool;

  const migrated = async (migrations = webhooksService.migrations): Promise<void> => {
    await open?.orm.destroy();
    open = await openDatabase({
      url: database.url,
      schema: 'webhooks',
      entities: [],
      migrations,
      onError: () => undefined,
    });
    pool = open.pool;
  };
  beforeEach(async () => {
    database = await freshDatabase();
  });
  afterEach(async () => {
    await open?.orm.destroy();
    open = undefined;
    await database.drop();
  });

  /** Inserts an event taken in so many days ago, with a delivery and an attempt. */
  const happened = async (name: string, daysAgo: number, fields: { status?: string; queue?: string | null } = {}) => {
    const { status = 'succeeded', queue = null } = fields;
    const day = today() - daysAgo;
    await pool.query('select make_history($1, $1)', [day]);
    await pool.query(
      `with kept as (
         insert into outgoing_events (day, event_id, type, body) values ($2, $1, 'license.suspended', '{}') returning position
       ), tried as (
         insert into attempts (delivery_id, day, at, endpoint_version, duration_ms) values ($1, $2, now(), 1, 5)
       )
       insert into deliveries (id, day, seq, endpoint_id, event_id, event_type, status, queue)
       select $1, $2, position, 'whk_1', $1, 'license.suspended', $3, $4 from kept`,
      [name, day, status, queue],
    );
  };
  const names = async (table: string, column: string): Promise<string[]> => {
    const { rows } = await pool.query<{ name: string }>(`select ${column} as name from ${table} order by 1`);
    return rows.map(({ name }) => name);
  };

  it('goes by whole weeks, events, deliveries and attempts alike, and leaves no table behind', async () => {
    await migrated();
    await makeHistory(pool);
    for (const [name, daysAgo] of Object.entries({ recent: 1, kept: 30, old: 60 })) await happened(name, daysAgo);
    expect(await dropHistory(pool, 30)).toBe(1);
    expect(await names('deliveries', 'id')).toEqual(['kept', 'recent']);
    expect(await names('attempts', 'delivery_id')).toEqual(['kept', 'recent']);
    expect(await names('outgoing_events', 'event_id')).toEqual(['kept', 'recent']);
    const week = Math.floor((today() - 60) / 7);
    const { rows } = await pool.query('select from pg_class where relname like $1', [`%\\_${week}`]);
    expect(rows).toHaveLength(0);
  });

  it('has room for events two weeks ahead', async () => {
    await migrated();
    await makeHistory(pool);
    await makeHistory(pool);
    await expect(happened('ahead', -14)).resolves.toBeUndefined();
    const insert = `insert into outgoing_events (day, event_id, type, body) values ($1, 'e', 't', '{}')`;
    await expect(pool.query(insert, [today() + 40])).rejects.toThrow('no partition');
  });

  it('keeps a week of which something is pending until it has been given up, and that has been told', async () => {
    await migrated();
    await happened('old', 60, { status: 'pending' });
    expect(await dropHistory(pool, 30)).toBe(0);
    expect(await giveUpOld(pool, 30)).toBe(1);
    const { rows } = await pool.query('select status, announced, settled_at is not null as settled from deliveries');
    expect(rows).toEqual([{ status: 'failed', announced: false, settled: true }]);
    expect(await dropHistory(pool, 30)).toBe(0);
    await pool.query('update deliveries set announced = true');
    expect(await dropHistory(pool, 30)).toBe(1);
  });

  it('gives what waits behind a delivery that is too old its turn', async () => {
    await migrated();
    await happened('old', 60, { status: 'pending', queue: '*' });
    await happened('next', 2, { status: 'pending', queue: '*' });
    await happened('last', 1, { status: 'pending', queue: '*' });
    await giveUpOld(pool, 30);
    const { rows } = await pool.query('select id from deliveries where due_at is not null');
    expect(rows).toEqual([{ id: 'next' }]);
  });

  it('gives up on a lock after a moment, and tries again later', async () => {
    await migrated();
    await happened('old', 60);
    const reader = await pool.connect();
    await reader.query('begin; select from deliveries');
    await expect(dropHistory(pool, 30)).rejects.toThrow('lock timeout');
    const { rows } = await pool.query<{ settings: string[] }>(
      `select proconfig as settings from pg_proc
       where proname in ('drop_history', 'make_history') and pronamespace = current_schema()::regnamespace`,
    );
    expect(rows).toHaveLength(2);
    for (const { settings } of rows) expect(settings).toContain('lock_timeout=500ms');
    await reader.query('rollback');
    reader.release();
    expect(await dropHistory(pool, 30)).toBe(1);
  });

  it('keeps statistics for longer, though not for ever', async () => {
    await migrated();
    await pool.query(
      `insert into delivery_statistics (endpoint_id, hour, succeeded, failed, latency)
       select 'whk_1', now() - months * interval '1 month', 1, 0, '{1}' from unnest(array[1, 12, 14]) as months`,
    );
    await dropStatistics(pool);
    const { rows } = await pool.query('select hour from delivery_statistics');
    expect(rows).toHaveLength(2);
  });

  it('keeps nothing that held a webhook back once that is deleted', async () => {
    await migrated();
    await pool.query(
      `insert into webhook_endpoints (id, version, url, events, ordering, active, secrets, settings, created_at)
       values ('whk_1', 1, 'https://example.com/', '["*"]', 'none', false, '[]', '{}', now())`,
    );
    await pool.query(`insert into delivery_gates (endpoint_id, failures) values ('whk_1', 3), ('whk_deleted', 3)`);
    await dropGates(pool);
    expect(await names('delivery_gates', 'endpoint_id')).toEqual(['whk_1']);
  });
});

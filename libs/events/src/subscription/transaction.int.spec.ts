import pg from 'pg';
import { freshDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import { inTransaction } from './transaction.ts';

describe('a transaction', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  beforeAll(async () => {
    database = await freshDatabase();
    pool = new pg.Pool({ ...database.config, max: 1 });
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  it('finds rows by key, even after a table that was empty at first has grown', async () => {
    await pool.query('create table young (id text primary key, n int); set plan_cache_mode = force_generic_plan');
    const text = 'update young as t set n = c.n from unnest($1::text[], $2::int[]) as c(id, n) where t.id = c.id';
    await inTransaction(pool, (tx) =>
      tx.query({
        name: 'update_young',
        text,
        values: [
          ['a', 'b'],
          [1, 2],
        ],
      }),
    );
    const { rows } = await pool.query<{ 'QUERY PLAN': string }>(
      `explain execute update_young(array['a', 'b'], array[1, 2])`,
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toContain('Index Scan using young_pkey');
    expect(plan).not.toContain('Seq Scan');
  });
});

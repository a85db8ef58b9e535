import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import pg from 'pg';
import { request } from 'undici';
import { ADMIN_KEY } from '../support/app.ts';
import { type Licensing, startLicensing } from './harness.ts';

const ROWS = 60_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Memory is measured each time this many bytes have arrived. */
const LOOK = 4_194_304;

/** Bytes in use, without garbage. */
const inUse = (): number => {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

describe('an export of licenses', () => {
  let app: Licensing;
  let pool: pg.Pool;
  let product_id: string;

  const ask = (query: string) =>
    request(`${app.url}/api/v1/admin/licenses?${query}`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } });

  beforeAll(async () => {
    app = await startLicensing();
    pool = new pg.Pool({ connectionString: app.databaseUrl, options: '-c search_path=licensing', max: 2 });
    product_id = String(app.product['id']);
    for (const name of ['=1+1', '@cmd', 'Müller, "Sons"\nand more', 'plain'])
      await app.issue({ org_name: name.split('\n')[0] });
  });
  afterAll(async () => {
    await pool.end();
    await app.close();
  });

  it('is CSV without formulas', async () => {
    const answer = await ask(`format=csv&product_id=${product_id}`);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="licenses.csv"',
    });
    const lines = (await answer.body.text()).trim().split('\n');
    expect(lines[0]).toMatch(/^id,product_id,plan_id,customer_id,email,/);
    expect(lines).toHaveLength(5);
    const text = lines.join('\n');
    expect(text).toContain(`,'=1+1,`);
    expect(text).toContain(`,'@cmd,`);
    expect(text).toContain('"Müller, ""Sons"""');
    expect(text).not.toMatch(/,[=+@-]/);
  });

  it('is NDJSON in the shape of the API, with the same filters', async () => {
    const lines = (await (await ask('format=ndjson&q=plain')).body.text()).trim().split('\n');
    expect(lines).toHaveLength(1);
    const license = JSON.parse(lines[0] ?? '') as { id: string };
    expect(license).toEqual((await app.call('GET', `/admin/licenses/${license.id}`)).body);
  });

  it('takes no more memory for many licenses than for few, and ends when its reader disconnects', async () => {
    await pool.query(
      `insert into licenses select (jsonb_populate_record(l, jsonb_build_object('id', 'lic_' || lpad(n::text, 26, '0'), 'key_hash', n))).*
       from (select licenses as l from licenses limit 1) as one, generate_series(1, ${ROWS}) as n`,
    );
    const answer = await ask('format=ndjson');
    let lines = 0;
    let most = 0;
    let bytes = 0;
    const before = inUse();
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      for (const byte of chunk) if (byte === 10) lines += 1;
      const looked = Math.floor(bytes / LOOK);
      bytes += chunk.length;
      if (Math.floor(bytes / LOOK) > looked) most = Math.max(most, inUse() - before);
    }
    expect(lines).toBe(ROWS + 4);
    expect(bytes).toBeGreaterThan(6 * LOOK);
    expect(most).toBeLessThan(2 * LOOK);

    const leaving = await ask('format=csv');
    await (leaving.body as unknown as { dump(options: object): Promise<void> }).dump({ limit: 1_000 });
    const busy = async (): Promise<number> =>
      (
        await pool.query(
          `select 1 from pg_stat_activity where query like 'SELECT * FROM "licensing"."licenses"%' and state = 'active'`,
        )
      ).rowCount ?? 0;
    while ((await busy()) > 0) await new Promise((later) => setTimeout(later, 20));
  });
});

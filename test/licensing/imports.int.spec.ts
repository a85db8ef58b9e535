import { Readable } from 'node:stream';
import pg from 'pg';
import { request } from 'undici';
import { ADMIN_KEY, eventually } from '../support/app.ts';
import { type Fields, type Licensing, startLicensing } from './harness.ts';

const ndjson = (records: readonly unknown[]): string => records.map((record) => JSON.stringify(record)).join('\n');

describe('an import of licenses', () => {
  let app: Licensing;
  let pool: pg.Pool;
  let product_id: string;
  let plan_id: string;

  const send = async (file: string | Readable, media = 'application/x-ndjson', key = ADMIN_KEY): Promise<Fields> => {
    const answer = await request(`${app.url}/api/v1/admin/imports`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': media },
      body: file,
    });
    const body = (await answer.body.json()) as Fields;
    expect({ status: answer.statusCode, body }).toMatchObject({ status: 202 });
    return body;
  };
  const finished = (id: unknown): Promise<Fields> =>
    eventually(async () => {
      const { body } = await app.call('GET', `/admin/imports/${String(id)}`);
      return (body as Fields)['status'] === 'finished' && (body as Fields);
    });
  const imported = async (file: string | Readable, media?: string): Promise<Fields> =>
    finished((await send(file, media))['id']);
  const report = async (id: unknown): Promise<string> =>
    (await app.call('GET', `/admin/imports/${String(id)}/report`)).body as string;
  const licenses = async (email: string): Promise<Fields[]> =>
    ((await app.call('GET', `/admin/licenses?email=${encodeURIComponent(email)}`)).body as { data: Fields[] }).data;
  const record = (n: number | string, over: Fields = {}): Fields => ({
    external_id: `old-${n}`,
    product_id,
    plan_id,
    email: `old${n}@example.com`,
    ...over,
  });

  beforeAll(async () => {
    app = await startLicensing();
    pool = new pg.Pool({ connectionString: app.databaseUrl, options: '-c search_path=licensing', max: 2 });
    [product_id, plan_id] = [String(app.product['id']), String(app.plan['id'])];
  });
  afterAll(async () => {
    await pool.end();
    await app.close();
  });

  it('creates each license once, however often it is sent', async () => {
    const file = ndjson(Array.from({ length: 1_200 }, (_, n) => record(n)));
    expect(await imported(file)).toMatchObject({ lines: 1200, done: 1200, issued: 1200, unchanged: 0, refused: 0 });
    expect(await imported(file)).toMatchObject({ lines: 1200, done: 1200, issued: 0, unchanged: 1200, refused: 0 });
    const { rows } = await pool.query('select count(*)::int as count from licenses where email like $1', ['old%']);
    expect(rows).toEqual([{ count: 1200 }]);
    expect((await pool.query('select 1 from import_lines')).rowCount).toBe(0);
  });

  it('takes over keys, states, terms and activations', async () => {
    const key = 'LEGACY-1234-abcd';
    const valid_until = '2031-01-01T00:00:00.000Z';
    await imported(
      ndjson([
        record('key', { license_key: key, activations: ['laptop', 'desk'], valid_until, metadata: { crm: 7 } }),
        record('sus', { status: 'suspended' }),
        record('rev', { status: 'revoked' }),
      ]),
    );
    expect(await licenses('oldkey@example.com')).toMatchObject([
      { status: 'active', activations: 2, valid_until, metadata: { crm: 7 } },
    ]);
    const verified = await app.call('POST', '/license/verify', {
      license_key: 'legacy 1234 ABCD',
      identifier: 'laptop',
    });
    expect(verified.body).toMatchObject({ valid: true, code: 'VALID' });
    expect(await licenses('oldsus@example.com')).toMatchObject([{ status: 'suspended' }]);
    expect(await licenses('oldrev@example.com')).toMatchObject([{ status: 'revoked' }]);
  });

  it('reads CSV, quoted and with an Excel heading, and refuses single lines with their reasons', async () => {
    const file = [
      '\uFEFFexternal_id,product_id,plan_id,email,org_name,metadata,activations',
      `csv-1,${product_id},${plan_id},csv1@example.com,"Müller, ""Sons""",,a; b`,
      `csv-2,${product_id},${plan_id},no-address,,,`,
      `csv-3,${product_id},${plan_id},csv3@example.com,,not json,`,
      `=cmd(),${product_id},plan_01jd1zx0h8e4rvy2m6k9w3q5tb,csv4@example.com,,,`,
      'csv-5,too,few',
      `,${product_id},${plan_id},csv6@example.com,,,`,
      `csv-7,${product_id},${plan_id},csv7@example.com,,,a;b;c;d`,
    ].join('\r\n');
    const done = await imported(file, 'text/csv; charset=utf-8');
    expect(done).toMatchObject({ lines: 7, issued: 1, refused: 6 });
    expect(await licenses('csv1@example.com')).toMatchObject([{ org_name: 'Müller, "Sons"', activations: 2 }]);
    const lines = (await report(done['id'])).trim().split('\n');
    expect(lines[0]).toBe('line,external_id,reason');
    expect(lines.slice(1).map((line) => line.split(',')[0])).toEqual(['3', '4', '5', '6', '7', '8']);
    expect(lines[1]).toContain('email');
    expect(lines[3]).toMatch(/^5,'=cmd\(\),"?PLAN_NOT_FOUND/);
    expect(lines[5]).toContain('external_id');
    expect(lines[6]).toContain('ACTIVATION_LIMIT_REACHED');
    expect(await licenses('csv7@example.com')).toEqual([]);
  });

  it('refuses a key that exists already, unknown fields, and lines that are not JSON', async () => {
    const key = { license_key: 'TAKEN-KEY-0001' };
    const file = [
      JSON.stringify(record('t1', key)),
      '',
      JSON.stringify(record('t2', key)),
      JSON.stringify(record('t3', { valid: true })),
      '{"external_id": ',
      JSON.stringify(record('t4', { name: 'a\u0000b' })),
      '[]',
    ].join('\n');
    const done = await imported(file);
    expect(done).toMatchObject({ lines: 6, refused: 5, issued: 1 });
    const text = await report(done['id']);
    for (const reason of ['LICENSE_KEY_TAKEN', 'valid', 'is not JSON', 'name']) expect(text).toContain(reason);
  });

  it('keeps no address in the reason for which a line is refused', async () => {
    const file = ndjson([
      record('p1', { 'ada@example.com': true }),
      record('p2', { email: 'grace@example.com or so' }),
      record('p3', { metadata: { 'grace@example.com': 'x'.repeat(100_000) } }),
    ]);
    const done = await imported(file);
    expect(done).toMatchObject({ lines: 3, issued: 0 });
    const { rows } = await pool.query<{ reason: string }>('select reason from import_refusals where import_id = $1', [
      done['id'],
    ]);
    expect(rows).toHaveLength(3);
    for (const { reason } of rows) expect(reason).not.toContain('@');
  });

  it('is limited to the product of a product key', async () => {
    const other = await app.create('/admin/products', { name: 'Other', slug: 'other', type: 'desktop' });
    const bound = await app.create('/admin/api-keys', {
      name: 'b',
      scopes: ['admin'],
      product_id: other['id'],
    });
    const job = await send(ndjson([record('foreign')]), undefined, String(bound['key']));
    expect(await finished(job['id'])).toMatchObject({ refused: 1 });
    expect(await licenses('oldforeign@example.com')).toEqual([]);
    const seen = await app.call('GET', '/admin/imports', undefined, {
      authorization: `Bearer ${String(bound['key'])}`,
    });
    expect((seen.body as { data: Fields[] }).data).toHaveLength(1);
  });

  it('refuses other media types, and keeps nothing of a truncated file', async () => {
    const json = await app.call('POST', '/admin/imports', { external_id: 'x' });
    expect(json).toMatchObject({ status: 415 });
    const file = await app.call('POST', '/admin/products', 'a,b', { 'content-type': 'text/csv' });
    expect(file).toMatchObject({ status: 415 });
    const before = (await pool.query('select id from imports')).rowCount;
    await new Promise<void>((resolve, reject) => {
      const half = Readable.from(
        (async function* () {
          yield `${ndjson([record('half')])}\n`;
          await new Promise((later) => setTimeout(later, 100));
          throw new Error('the line went dead');
        })(),
      );
      request(`${app.url}/api/v1/admin/imports`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/x-ndjson' },
        body: half,
      }).then(
        () => reject(new Error('half a file was taken')),
        () => resolve(),
      );
    });
    await eventually(async () => (await pool.query('select id from imports')).rowCount === before);
  });
});

import { eventually } from '../support/app.ts';
import { type Fields, startUsageWorld, type UsageWorld } from './usage.harness.ts';

const HOUR = 3_600_000;

describe('usage as administrators see it', () => {
  let world: UsageWorld;
  beforeAll(async () => {
    world = await startUsageWorld();
  });
  afterAll(() => world.close());

  const at = (time: number): string => new Date(time).toISOString();
  const fill = async (license: Fields, records: Fields[]): Promise<void> => {
    const { body } = await world.keyed('/license/usage/batch', license, { records });
    for (const result of (body as { results: Fields[] }).results) expect(result).toMatchObject({ accepted: true });
  };
  const data = async (license: Fields, path: string): Promise<Fields[]> => {
    const reply = await world.on(license, 'GET', path);
    expect(reply).toMatchObject({ status: 200 });
    return (reply.body as { data: Fields[] }).data;
  };

  it('is listed newest first, page by page', async () => {
    const license = await world.issue({ feature: 'calls', value: null }, { feature: 'other', value: 1, overage: '2' });
    await world.use(license, 3, { metadata: { project: 'alpha' }, timestamp: '2026-11-20T10:00:00.5Z' });
    for (let n = 1; n <= 5; n++) await world.use(license, n, { feature: n <= 2 ? 'other' : 'calls' });
    const all = await data(license, '/usage');
    expect(all.map(({ feature, quantity }) => [feature, quantity])).toEqual([
      ['calls', 5],
      ['calls', 4],
      ['calls', 3],
      ['other', 1],
      ['calls', 3],
    ]);
    expect(all[3]).toMatchObject({ used: 1, overage: false });
    expect(all.at(-1)).toMatchObject({
      license_id: license['id'],
      metadata: { project: 'alpha' },
      occurred_at: '2026-11-20T10:00:00.500Z',
      actor: { type: 'license', id: license['id'] },
    });
    const pages: Fields[] = [];
    let cursor = '';
    do {
      const { body } = await world.on(license, 'GET', `/usage?limit=2${cursor}`);
      const page = body as { data: Fields[]; next_cursor: string | null };
      pages.push(...page.data);
      cursor = page.next_cursor === null ? '' : `&cursor=${page.next_cursor}`;
    } while (cursor !== '');
    expect(pages).toEqual(all);
    expect(await data(license, '/usage?feature=other')).toHaveLength(1);
    expect(await data(license, '/usage?feature=unknown')).toEqual([]);
  });

  it('has warnings and resets in the history of the license, but not its records', async () => {
    const license = await world.issue({ feature: 'calls', value: 5 });
    for (let n = 0; n < 6; n++) await world.use(license);
    await world.on(license, 'POST', '/usage/reset', { feature: 'calls', reason: 'goodwill' });
    const types = (await data(license, '/events')).map(({ type }) => type);
    expect(types).toEqual(['license.created', 'quota.warning', 'quota.exceeded', 'usage.reset']);
  });

  it('is summed by hour, day and month', async () => {
    const license = await world.issue({ feature: 'calls', value: null, quota_period: 'lifetime' });
    const uses: readonly (readonly [string, number])[] = [
      ['2026-01-31T23:59:59.999Z', 1],
      ['2026-02-01T00:00:00.000Z', 2],
      ['2026-02-01T00:59:00.000Z', 4],
      ['2026-02-01T01:00:00.000Z', 8],
      ['2026-02-03T12:00:00.000Z', 16],
    ];
    await fill(
      license,
      uses.map(([timestamp, quantity]) => ({ feature: 'calls', quantity, timestamp })),
    );
    const series = async (query: string): Promise<unknown[]> =>
      (await data(license, `/usage/series?feature=calls&${query}`)).map(({ start, quantity, records }) => [
        start,
        quantity,
        records,
      ]);
    expect(await series('bucket=month&from=2026-01-15T00:00:00Z&to=2026-03-02T00:00:00Z')).toEqual([
      ['2026-01-01T00:00:00.000Z', 1, 1],
      ['2026-02-01T00:00:00.000Z', 30, 4],
      ['2026-03-01T00:00:00.000Z', 0, 0],
    ]);
    expect(await series('bucket=day&from=2026-01-31T00:00:00Z&to=2026-02-04T00:00:00Z')).toEqual([
      ['2026-01-31T00:00:00.000Z', 1, 1],
      ['2026-02-01T00:00:00.000Z', 14, 3],
      ['2026-02-02T00:00:00.000Z', 0, 0],
      ['2026-02-03T00:00:00.000Z', 16, 1],
    ]);
    expect(await series('bucket=hour&from=2026-02-01T00:30:00Z&to=2026-02-01T02:00:00Z')).toEqual([
      ['2026-02-01T00:00:00.000Z', 6, 2],
      ['2026-02-01T01:00:00.000Z', 8, 1],
    ]);
    expect(await series('')).toHaveLength(30);
    expect(await series('bucket=month')).toHaveLength(12);
    for (const query of [
      'bucket=hour&from=2026-01-01T00:00:00Z&to=2026-12-01T00:00:00Z',
      'from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z',
      'bucket=week',
      'bucket=month&from=0050-01-01T00:00:00Z&to=9999-01-01T00:00:00Z',
    ])
      expect(await world.on(license, 'GET', `/usage/series?feature=calls&${query}`)).toMatchObject({ status: 400 });
    expect(await world.on(license, 'GET', '/usage/series')).toMatchObject({ status: 400 });
  });

  it('is reset with a reason: counters and warnings restart, the records remain', async () => {
    const license = await world.issue({ feature: 'calls', value: 10 });
    for (const quantity of [9, 1]) await world.use(license, quantity);
    expect(await world.use(license)).toMatchObject({ status: 429 });
    const reset = (body: Fields, headers?: Record<string, string>) =>
      world.on(license, 'POST', '/usage/reset', body, headers);
    for (const body of [{ feature: 'calls' }, { feature: 'calls', reason: '' }, { reason: 'x' }])
      expect(await reset(body)).toMatchObject({ status: 400 });
    expect(await reset({ feature: 'nothing', reason: 'x' })).toMatchObject({
      status: 404,
      body: { code: 'ENTITLEMENT_NOT_FOUND' },
    });
    const etag = String((await world.on(license, 'GET', '')).headers['etag']);
    expect(await reset({ feature: 'calls', reason: 'x' }, { 'if-match': '"99"' })).toMatchObject({ status: 412 });
    expect(await reset({ feature: 'calls', reason: 'goodwill' }, { 'if-match': etag })).toMatchObject({
      status: 200,
      body: { license_id: license['id'], feature: 'calls', used: 0, limit: 10, remaining: 10 },
    });
    expect(await reset({ feature: 'calls', reason: 'again' })).toMatchObject({ status: 200, body: { used: 0 } });
    expect(await world.told(license, 'usage.reset')).toBe(1);
    expect(await world.use(license, 8)).toMatchObject({ status: 200, body: { used: 8 } });
    expect(await world.told(license, 'quota.warning')).toBe(2);
    const [today] = (await data(license, '/usage/series?feature=calls')).slice(-1);
    expect(today).toMatchObject({ quantity: 18, records: 3 });
    await world.on(license, 'POST', '/revoke', {});
    expect(await reset({ feature: 'calls', reason: 'x' })).toMatchObject({ status: 409 });
  });

  it('is exported as CSV and NDJSON, only to callers with permission', async () => {
    const license = await world.issue({ feature: 'calls', value: null });
    await fill(license, [
      { feature: 'calls', quantity: 1, metadata: { note: '=1+1' }, idempotency_key: '=cmd' },
      { feature: 'calls', quantity: 2, timestamp: at(Date.now() - HOUR) },
    ]);
    const get = (query: string, headers?: Record<string, string>) =>
      world.app.call('GET', `/admin/usage?${query}`, undefined, headers);
    const of = `license_id=${String(license['id'])}`;
    const csv = await get(`format=csv&${of}`);
    expect(csv.headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': 'attachment; filename="usage.csv"',
    });
    const lines = String(csv.body).trim().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^id,license_id,product_id,feature,quantity,used,overage,/);
    expect(lines[1]).toContain(`,'=cmd,`);
    const parsed = async (query: string, headers?: Record<string, string>): Promise<Fields[]> =>
      String((await get(`format=ndjson&${query}`, headers)).body)
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Fields);
    expect((await parsed(of)).reverse()).toEqual(await data(license, '/usage'));
    expect((await parsed(`${of}&to=${at(Date.now() - HOUR / 2)}`)).map(({ quantity }) => quantity)).toEqual([2]);
    expect((await parsed(`${of}&from=${at(Date.now() - HOUR / 2)}`)).map(({ quantity }) => quantity)).toEqual([1]);
    expect(await parsed(`${of}&feature=other`)).toEqual([]);
    const everything = await parsed('');
    expect(everything.length).toBeGreaterThan(2);
    expect(await parsed(`product_id=${world.product}`)).toEqual(everything);
    const other = await world.app.create('/admin/products', { name: 'O', slug: 'other', type: 'saas' });
    const key = await world.app.create('/admin/api-keys', {
      name: 'b',
      scopes: ['licenses:write'],
      product_id: other['id'],
    });
    const bound = { authorization: `Bearer ${String(key['key'])}` };
    await eventually(async () => (await get('format=csv', bound)).status === 200);
    for (const query of ['', of, `product_id=${world.product}`]) expect(await parsed(query, bound)).toEqual([]);
    expect(await world.on(license, 'GET', '/usage', undefined, bound)).toMatchObject({ status: 404 });
    expect(await get('format=xlsx')).toMatchObject({ status: 400 });
    expect(await get('')).toMatchObject({ status: 400 });
  });
});

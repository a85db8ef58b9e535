import { eventually, type Reply } from '../../../../test/support/app.ts';
import { type Fields, type Licensing, startLicensing } from '../../../../test/licensing/harness.ts';

describe('a license', () => {
  let app: Licensing;

  beforeAll(async () => {
    app = await startLicensing({ plan: { max_activations: 5 } });
  });
  afterAll(() => app.close());

  it('shows its key only on issue and on reveal, and records the reveal', async () => {
    const license = await app.issue({ metadata: { seat: 7, none: null } });
    expect(license['license_key']).toMatch(/^ACME-[0-9A-Z-]+/);
    const { license_key, ...rest } = license;
    const path = `/admin/licenses/${String(license['id'])}`;
    expect((await app.call('GET', path)).body).toEqual(rest);
    expect((await app.call('GET', '/admin/licenses?limit=1')).body).toMatchObject({ data: [rest] });
    expect((await app.admin(license, 'reveal-key')).body).toEqual({ license_key });
    const history = (await app.call('GET', `${path}/events`)).body as { data: Fields[] };
    expect(history.data.map(({ type }) => type)).toEqual(['license.created', 'license.key_revealed']);
    expect(JSON.stringify(history)).not.toContain('key_hash');
    expect(history.data[0]).toMatchObject({ subject: license['id'], version: 1, actor: { type: 'api_key' } });
  });

  it('is found by each filter and by its contents', async () => {
    const license = await app.issue({ email: 'Grace@Example.com', org_name: 'Navy', external_customer_id: 'crm-42' });
    const found = async (query: string): Promise<unknown[]> =>
      ((await app.call('GET', `/admin/licenses?${query}`)).body as { data: Fields[] }).data.map(({ id }) => id);
    for (const query of [
      'email=grace@example.com',
      'external_customer_id=crm-42',
      'q=navy',
      `q=${String(license['id'])}`,
    ]) {
      expect(await found(query)).toEqual([license['id']]);
    }
    expect(await found(`plan_id=${String(app.plan['id'])}&status=active&email=grace@example.com`)).toEqual([
      license['id'],
    ]);
    expect(await found('status=revoked&email=grace@example.com')).toEqual([]);
  });

  it('is paged through without gaps or repeats', async () => {
    const paged = await app.newPlan();
    const issued = await Promise.all(Array.from({ length: 7 }, () => app.issue({ plan_id: paged['id'] })));
    const seen: unknown[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: Reply = await app.call(
        'GET',
        `/admin/licenses?plan_id=${String(paged['id'])}&limit=3${cursor && `&cursor=${cursor}`}`,
      );
      const { data, next_cursor } = page.body as { data: Fields[]; next_cursor: string | null };
      seen.push(...data.map(({ id }) => id));
      cursor = next_cursor;
    }
    expect(seen).toEqual(
      issued
        .map(({ id }) => id)
        .sort()
        .reverse(),
    );
    expect(await app.call('GET', '/admin/licenses?cursor=nonsense')).toMatchObject({
      status: 400,
      body: { code: 'INVALID_CURSOR' },
    });
  });

  it('merges metadata by RFC 7396', async () => {
    const license = await app.issue({ metadata: { a: 1, b: { c: 1, d: 2 }, e: null } });
    const path = `/admin/licenses/${String(license['id'])}`;
    const patched = await app.call('PATCH', path, {
      metadata: { a: null, b: { c: 3 }, f: [1] },
      notes: 'line\nline',
    });
    expect(patched.body).toMatchObject({ metadata: { b: { c: 3, d: 2 }, e: null, f: [1] }, notes: 'line\nline' });
    expect((await app.call('GET', path)).body).toEqual(patched.body);
  });

  it('can be read in an earlier state', async () => {
    const license = await app.issue();
    const before = new Date().toISOString();
    await new Promise((resolve) => setTimeout(resolve, 5));
    await app.admin(license, 'suspend', { reason: 'chargeback' });
    const path = `/admin/licenses/${String(license['id'])}`;
    expect((await app.call('GET', `${path}?as_of=${before}`)).body).toMatchObject({ status: 'active' });
    expect((await app.call('GET', path)).body).toMatchObject({ status: 'suspended' });
    expect((await app.call('GET', `${path}?as_of=2020-01-01T00:00:00.000Z`)).status).toBe(404);
  });

  it('is issued once per Idempotency-Key, with byte-identical answers', async () => {
    const body = { product_id: app.product['id'], plan_id: app.plan['id'], email: 'once@example.com' };
    const headers = { 'idempotency-key': 'order-1' };
    const replies = await Promise.all(
      Array.from({ length: 20 }, () => app.call('POST', '/admin/licenses', body, headers)),
    );
    expect(replies.every(({ status }) => status === 201 || status === 409)).toBe(true);
    const first = await app.call('POST', '/admin/licenses', body, headers);
    expect(first).toMatchObject({ status: 201, headers: { 'idempotent-replayed': 'true' } });
    for (const { status, body: answer } of replies) if (status === 201) expect(answer).toEqual(first.body);
    const listed = (await app.call('GET', '/admin/licenses?email=once@example.com')).body as { data: unknown[] };
    expect(listed.data).toHaveLength(1);
    const reused = await app.call('POST', '/admin/licenses', { ...body, email: 'twice@example.com' }, headers);
    expect(reused).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } });
  });

  it('expires automatically at the end of its term, with events', async () => {
    const strict = await app.newPlan({ license_type: 'subscription', billing_interval: 'month', grace_days: 0 });
    const license = await app.issue({ plan_id: strict['id'], valid_until: new Date(Date.now() + 3_000).toISOString() });
    expect(await app.verify(license, { identifier: 'x' })).toMatchObject({ code: 'NOT_ACTIVATED' });
    const path = `/admin/licenses/${String(license['id'])}`;
    await eventually(async () => ((await app.call('GET', path)).body as Fields)['status'] === 'expired');
    expect(await app.verify(license)).toMatchObject({ valid: false, code: 'EXPIRED', token: null });
    const { data } = (await app.call('GET', `${path}/events`)).body as { data: Fields[] };
    expect(data.at(-1)).toMatchObject({ type: 'license.expired', actor: { type: 'system', id: 'scheduler' } });
    expect(await app.admin(license, 'renew')).toMatchObject({ status: 200, body: { status: 'active' } });
  });
});

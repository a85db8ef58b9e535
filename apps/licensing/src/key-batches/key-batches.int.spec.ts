import pg from 'pg';
import { decideKeyBatch, keyBatchStream } from '#domain/licensing/key-batch/key-batch';
import { newId } from '#domain/shared/id';
import { rebuild } from '#events/projection/rebuild';
import type { EventStore } from '#events/store';
import type { PostgresEventStore } from '#events/store/postgres-event-store';
import { EVENT_STORE } from '#platform/service';
import { eventually, type Reply, startApp, type TestApp } from '../../../../test/support/app.ts';
import { gatewayService } from '../../../gateway/src/gateway.module.ts';
import { licensingService } from '../licensing.module.ts';
import { keyBatchCodesProjection, keyBatchesProjection } from './key-batch.projection.ts';

type Fields = Record<string, unknown>;
interface Code {
  readonly number: number;
  readonly code: string;
  readonly license_key: string | null;
}
type Batch = Fields & { readonly id: string; readonly codes: Code[] };

describe('batches of keys with redemption codes', () => {
  const services = [gatewayService, licensingService];
  let app: TestApp;
  let pool: pg.Pool;
  let product: Fields;
  let plan: Fields;
  let count = 0;

  const newPlan = (over: Fields = {}): Promise<Fields> => {
    const slug = `plan-${++count}`;
    const shape = { name: slug, slug, license_type: 'perpetual', license_model: 'standard' };
    return app.create('/admin/plans', { product_id: product['id'], ...shape, ...over });
  };
  const batchOf = async (codes: number, over: Fields = {}): Promise<Batch> =>
    (await app.create('/admin/key-batches', {
      product_id: product['id'],
      plan_id: plan['id'],
      name: 'Boxes',
      count: codes,
      ...over,
    })) as Batch;
  const codeOf = async (over: Fields = {}): Promise<Code & { batch: string }> => {
    const { id, codes } = await batchOf(1, over);
    return { ...(codes[0] as Code), batch: id };
  };
  /** Redeems a code as a customer, without an API key. */
  const redeem = (code: string, over: Fields = {}, headers: Record<string, string> = {}, of = app): Promise<Reply> =>
    of.call(
      'POST',
      '/license/redeem',
      { code, email: 'ada@example.com', ...over },
      { authorization: undefined, ...headers },
    );

  beforeAll(async () => {
    app = await startApp({ services });
    pool = new pg.Pool({ connectionString: app.databaseUrl, options: '-c search_path=licensing', max: 4 });
    product = await app.create('/admin/products', {
      name: 'Studio',
      slug: 'studio',
      type: 'desktop',
      key_prefix: 'ACME',
    });
    plan = await newPlan({ license_type: 'subscription', billing_interval: 'year' });
  });
  afterAll(async () => {
    await pool.end();
    await app.close();
  });

  it('are shown once, and cannot be derived from stored data', async () => {
    const { codes, ...batch } = await batchOf(3, { redeem_until: '2999-01-01T00:00:00Z' });
    expect(batch).toMatchObject({ count: 3, redeemed: 0, status: 'active', redeem_until: '2999-01-01T00:00:00.000Z' });
    expect(codes.map(({ number }) => number)).toEqual([1, 2, 3]);
    for (const { code, license_key } of codes) {
      expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}$/);
      expect(license_key).toMatch(/^ACME-/);
    }
    expect((await app.call('GET', `/admin/key-batches/${batch.id}`)).body).toEqual(batch);
    const list = (await app.call('GET', '/admin/key-batches?limit=1')).body as { data: Fields[] };
    expect(list.data).toEqual([batch]);
    const { rows } = await pool.query<{ log: string }>(
      `select string_agg(data::text, '') || (select string_agg(c::text, '') from key_batch_codes c) as log from events`,
    );
    const published = JSON.stringify((await app.call('GET', '/events?types=key_batch.*')).body);
    for (const secret of codes.flatMap(({ code, license_key }) => [code, license_key ?? ''])) {
      for (const text of [rows[0]?.log ?? '', published]) {
        expect(text).not.toContain(secret);
        expect(text).not.toContain(secret.replaceAll('-', ''));
      }
    }
    expect(published).not.toContain('hash');
  });

  it('are at most ten thousand distinct codes, as JSON or CSV', async () => {
    const { codes } = await batchOf(10_000);
    expect(new Set(codes.map(({ code }) => code)).size).toBe(10_000);
    expect(new Set(codes.map(({ license_key }) => license_key)).size).toBe(10_000);
    const body = { product_id: product['id'], plan_id: plan['id'], name: 'Cards', count: 2 };
    const file = await app.call('POST', '/admin/key-batches?format=csv', body);
    expect(file).toMatchObject({ status: 201, headers: { 'content-type': 'text/csv; charset=utf-8' } });
    const lines = String(file.body).trim().split('\n');
    expect(lines[0]).toBe('number,code,license_key');
    expect(lines.slice(1)).toHaveLength(2);
    expect((await redeem(lines[2]?.split(',')[1] ?? '')).body).toMatchObject({
      license_key: lines[2]?.split(',')[2],
    });
    for (const wrong of [0, 10_001, 1.5, '10', -1]) {
      const reply = await app.call('POST', '/admin/key-batches', { ...body, count: wrong });
      expect(reply).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
    }
  });

  it('are redeemed once, in any spelling, for a license whose term begins then', async () => {
    const { code, license_key, batch } = await codeOf();
    const unknown = await app.call('POST', '/license/verify', { license_key, identifier: 'device' });
    expect(unknown.body).toMatchObject({ code: 'NOT_FOUND' });
    const before = Date.now();
    const reply = await redeem(` ${code.toLowerCase().replaceAll('-', ' ')} `, { name: 'Ada' });
    expect(reply).toMatchObject({
      status: 201,
      body: { license_key, status: 'active', email: 'ada@example.com', name: 'Ada' },
    });
    const license = reply.body as Record<string, string>;
    expect(Date.parse(license['valid_from'] ?? '')).toBeGreaterThanOrEqual(before - 1);
    expect(Date.parse(license['created_at'] ?? '')).toBeGreaterThanOrEqual(before - 1);
    expect(await redeem(code)).toMatchObject({ status: 409, body: { code: 'CODE_REDEEMED' } });
    expect(JSON.stringify((await redeem(code)).body)).not.toContain('lic_');

    await app.create('/license/activate', { license_key, identifier: 'device' });
    const verified = await app.call('POST', '/license/verify', { license_key, identifier: 'device' });
    expect(verified.body).toMatchObject({ code: 'VALID' });
    expect((await app.call('GET', `/admin/key-batches/${batch}`)).body).toMatchObject({ redeemed: 1 });
    const codes = (await app.call('GET', `/admin/key-batches/${batch}/codes`)).body as { data: Fields[] };
    expect(codes.data).toMatchObject([{ number: 1, license_id: license['id'] }]);
    const history = await app.call('GET', `/admin/licenses/${license['id']}/events`);
    expect(history.body).toMatchObject({ data: [{ actor: { type: 'user', id: license['customer_id'] } }, {}] });
  });

  it('are redeemed by one of two hundred concurrent requests at two instances', async () => {
    const other = await startApp({ services, databaseUrl: app.databaseUrl });
    try {
      const { code, batch } = await codeOf();
      const replies = await Promise.all(
        Array.from({ length: 200 }, (_, n) => redeem(code, { email: `p${n}@example.com` }, {}, n % 2 ? app : other)),
      );
      expect(replies.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 199 }, () => 409)]);
      expect((await app.call('GET', `/admin/key-batches/${batch}`)).body).toMatchObject({ redeemed: 1 });
    } finally {
      await other.close();
    }
  });

  it('are still redeemed if an earlier call claimed the code but did not issue the license', async () => {
    const { code, batch } = await codeOf();
    const store = app.app.nest.select(licensingService.module).get<EventStore>(EVENT_STORE);
    const license_id = newId('lic');
    const claim = { type: 'RedeemCode', number: 1, license_id, now: new Date().toISOString() } as const;
    await store.handle(keyBatchStream, batch, (state) => decideKeyBatch(claim, state), {
      metadata: { actor: { type: 'system', id: 'cut off' }, correlation_id: 'cut off' },
    });
    await app.call('POST', `/admin/key-batches/${batch}/void`, {});
    expect(await redeem(code)).toMatchObject({ status: 201, body: { id: license_id } });
    expect(await redeem(code)).toMatchObject({ status: 409, body: { code: 'CODE_REDEEMED' } });
  });

  it('give the same answer for the same Idempotency-Key', async () => {
    const { code } = await codeOf();
    const once = { 'idempotency-key': 'redeem-1' };
    const [one, two] = [await redeem(code, {}, once), await redeem(code, {}, once)];
    expect(two.body).toEqual(one.body);
    const body = { product_id: product['id'], plan_id: plan['id'], name: 'Cards', count: 2 };
    const [first, again] = [
      await app.create('/admin/key-batches', body, { 'idempotency-key': 'batch-1' }),
      await app.create('/admin/key-batches', body, { 'idempotency-key': 'batch-1' }),
    ];
    expect(again).toEqual(first);
  });

  it('are not redeemed after expiry or withdrawal; redeemed licenses stay active', async () => {
    const until = Date.now() + 2_000;
    const late = await codeOf({ redeem_until: new Date(until).toISOString() });
    await eventually(() => Date.now() > until);
    expect(await redeem(late.code)).toMatchObject({ status: 409, body: { code: 'CODE_EXPIRED' } });
    const { id, codes } = await batchOf(2);
    const [mine, stolen] = codes as [Code, Code];
    const license = (await redeem(mine.code)).body as Fields;
    const withdrawn = await app.call('POST', `/admin/key-batches/${id}/void`, { reason: 'stolen' });
    expect(withdrawn).toMatchObject({ status: 200, body: { status: 'voided', redeemed: 1 } });
    expect(await redeem(stolen.code)).toMatchObject({ status: 409, body: { code: 'CODE_VOIDED' } });
    expect(await redeem(mine.code)).toMatchObject({ status: 409, body: { code: 'CODE_REDEEMED' } });
    expect((await app.call('GET', `/admin/licenses/${String(license['id'])}`)).body).toMatchObject({
      status: 'active',
    });
    const past = {
      product_id: product['id'],
      plan_id: plan['id'],
      name: 'x',
      count: 1,
      redeem_until: '2020-01-01T00:00:00Z',
    };
    expect(await app.call('POST', '/admin/key-batches', past)).toMatchObject({
      status: 400,
      body: { code: 'INVALID_REDEEM_UNTIL' },
    });
  });

  it('are redeemed for a plan that is no longer sold, with the key shown at creation', async () => {
    const of = await newPlan();
    const { code, license_key } = await codeOf({ plan_id: of['id'] });
    await app.call('PATCH', `/admin/plans/${String(of['id'])}`, { active: false });
    await app.call('PATCH', `/admin/products/${String(product['id'])}`, { key_prefix: 'NEW' });
    expect(await redeem(code)).toMatchObject({ status: 201, body: { license_key, plan_id: of['id'] } });
    const body = { product_id: product['id'], plan_id: of['id'], name: 'x', count: 1 };
    expect(await app.call('POST', '/admin/key-batches', body)).toMatchObject({ body: { code: 'PLAN_INACTIVE' } });
  });

  it('are redeemed for signed keys, which are made on redemption', async () => {
    const signed = await app.create('/admin/products', {
      name: 'Sig',
      slug: 'sig',
      type: 'saas',
      key_format: 'signed',
    });
    const of = await newPlan({ product_id: signed['id'] });
    const { code, license_key } = await codeOf({ product_id: signed['id'], plan_id: of['id'] });
    expect(license_key).toBeNull();
    const { body } = await redeem(code);
    expect((body as Fields)['license_key']).toMatch(/^eyJ/);
  });

  it('lock an address out after wrong guesses, but still accept a valid code', async () => {
    const strict = await startApp({ services, databaseUrl: app.databaseUrl, env: { KEYLEDGER_RATE_LIMITS: 'on' } });
    try {
      const codes: number[] = [];
      for (let n = 0; n < 7; n++) codes.push((await redeem('00000-00000-00000-00000', {}, {}, strict)).status);
      expect(codes).toEqual([404, 404, 404, 404, 404, 429, 429]);
      expect((await redeem((await codeOf()).code, {}, {}, strict)).status).toBe(201);
    } finally {
      await strict.close();
    }
  });

  it('are in the log, so that their tables can be rebuilt from it', async () => {
    const { codes } = await batchOf(1_200);
    await redeem(codes[1_100]?.code ?? '');
    const tables = () =>
      Promise.all(
        ['key_batches', 'key_batch_codes'].map(
          async (table) => (await pool.query(`select t::text from ${table} t order by 1`)).rows,
        ),
      );
    const before = await tables();
    const store = app.app.nest.select(licensingService.module).get<PostgresEventStore>(EVENT_STORE);
    for (const projection of [keyBatchesProjection, keyBatchCodesProjection])
      await rebuild({ pool, schema: 'licensing', store, projection });
    expect(await tables()).toEqual(before);
  });

  it('are visible only to API keys of their product', async () => {
    const { batch } = await codeOf();
    const foreign = await app.create('/admin/products', { name: 'Other', slug: 'other', type: 'desktop' });
    const { key } = await app.create('/admin/api-keys', {
      name: 'other',
      scopes: ['licenses:write'],
      product_id: foreign['id'],
    });
    const as = { authorization: `Bearer ${String(key)}` };
    for (const path of ['', '/codes'])
      expect(await app.call('GET', `/admin/key-batches/${batch}${path}`, undefined, as)).toMatchObject({
        status: 404,
        body: { code: 'KEY_BATCH_NOT_FOUND' },
      });
    expect((await app.call('POST', `/admin/key-batches/${batch}/void`, {}, as)).status).toBe(404);
    expect((await app.call('GET', '/admin/key-batches', undefined, as)).body).toMatchObject({ data: [] });
    const body = { product_id: product['id'], plan_id: plan['id'], name: 'x', count: 1 };
    expect((await app.call('POST', '/admin/key-batches', body, as)).status).toBe(404);
  });
});

import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import pg from 'pg';
import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';
import { eventually, type Reply, startApp, type TestApp } from '../support/app.ts';
import { MovableClock } from '../support/clock.ts';

type Fields = Record<string, unknown>;
const SERVICES = [gatewayService, licensingService];
const MINUTE = 60_000;
const DAY = 86_400_000;

describe('floating licenses over HTTP', () => {
  const clock = new MovableClock();
  let app: TestApp;
  let pool: pg.Pool;
  let product: string;
  let count = 0;

  const issue = async (terms: Fields = {}): Promise<Fields> => {
    const slug = `shared-${++count}`;
    const shape = { license_type: 'perpetual', license_model: 'floating', max_activations: 2 };
    const plan = await app.create('/admin/plans', { product_id: product, name: slug, slug, ...shape, ...terms });
    return app.create('/admin/licenses', { product_id: product, plan_id: plan['id'], email: `u${count}@example.com` });
  };
  const call = ({ license_key }: Fields, name: string, body: Fields, headers = {}, of = app): Promise<Reply> =>
    of.call('POST', `/license/floating/${name}`, { license_key, ...body }, { authorization: undefined, ...headers });
  const checkOut = async (license: Fields, identifier: string, over: Fields = {}): Promise<Fields> => {
    const reply = await call(license, 'checkout', { identifier, ...over });
    expect(reply).toMatchObject({ status: 201 });
    return reply.body as Fields;
  };
  const sessionsOf = async (license: Fields): Promise<Fields[]> =>
    ((await app.call('GET', `/admin/licenses/${String(license['id'])}/sessions`)).body as { data: Fields[] }).data;
  const historyOf = async (license: Fields): Promise<Fields[]> => {
    const { body } = await app.call('GET', `/admin/licenses/${String(license['id'])}/events`);
    return (body as { data: Fields[] }).data.filter(({ type }) => String(type).startsWith('floating.'));
  };

  beforeAll(async () => {
    app = await startApp({ services: SERVICES, clock });
    pool = new pg.Pool({ connectionString: app.databaseUrl, options: '-c search_path=licensing', max: 2 });
    product = String((await app.create('/admin/products', { name: 'Studio', slug: 'studio', type: 'desktop' }))['id']);
  });
  afterAll(async () => {
    await pool.end();
    await app.close();
  });

  it('allow as many concurrent sessions as the plan, and a refusal says when to retry', async () => {
    const license = await issue();
    const first = await checkOut(license, 'one', { label: 'Desk 7' });
    expect(first).toMatchObject({
      license_id: license['id'],
      active_sessions: 1,
      max_sessions: 2,
      borrowed_until: null,
      token: null,
    });
    await checkOut(license, 'two');
    const refused = await call(license, 'checkout', { identifier: 'three' });
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 'FLOATING_LIMIT_REACHED', max: 2, current: 2, next_expires_at: first['expires_at'] },
    });
    const wait = (Date.parse(String(first['expires_at'])) - Date.now()) / 1000;
    expect(Math.abs(Number(refused.headers['retry-after']) - wait)).toBeLessThan(5);

    expect(await call(license, 'checkout', { identifier: ' one ' })).toMatchObject({
      status: 200,
      body: { session_id: first['session_id'], active_sessions: 2 },
    });
    const session_id = first['session_id'];
    const beat = await call(license, 'heartbeat', { session_id });
    expect(beat).toMatchObject({ status: 200, body: { session_id, active_sessions: 2, max_sessions: 2 } });
    const renewed = String((beat.body as Fields)['expires_at']);
    expect(Date.parse(renewed)).toBeGreaterThan(Date.parse(String(first['expires_at'])));

    const given = { status: 200, body: { session_id, expires_at: null, active_sessions: 1, max_sessions: 2 } };
    expect(await call(license, 'checkin', { session_id })).toMatchObject(given);
    expect(await call(license, 'checkin', { session_id })).toMatchObject(given);
    expect(await call(license, 'heartbeat', { session_id })).toMatchObject({
      status: 409,
      body: { code: 'SESSION_EXPIRED' },
    });
    await checkOut(license, 'three');
  });

  it('refuse unknown sessions, sessions of other licenses, and invalid requests', async () => {
    const [license, other, standard] = [await issue(), await issue(), await issue({ license_model: 'standard' })];
    const { session_id } = await checkOut(license, 'one');
    for (const name of ['heartbeat', 'checkin']) {
      const unknown = { status: 404, body: { code: 'SESSION_NOT_FOUND' } };
      expect(await call(license, name, { session_id: 'sess_unknown' })).toMatchObject(unknown);
      expect(await call(other, name, { session_id })).toMatchObject(unknown);
      expect(await call(standard, name, { session_id })).toMatchObject({
        status: 403,
        body: { code: 'FEATURE_NOT_AVAILABLE' },
      });
      expect(await call({ license_key: 'NO-SUCH-KEY' }, name, { session_id })).toMatchObject({
        status: 404,
        body: { code: 'LICENSE_NOT_FOUND' },
      });
    }
    expect(await call(standard, 'checkout', { identifier: 'one' })).toMatchObject({ status: 403 });
    for (const body of [{}, { identifier: 'a\u0000b' }, { identifier: 'one', session_id }, { identifier: 7 }])
      expect(await call(license, 'checkout', body)).toMatchObject({ status: 400 });

    await app.call('POST', `/admin/licenses/${String(license['id'])}/suspend`, {});
    const suspended = { status: 409, body: { code: 'LICENSE_SUSPENDED' } };
    expect(await call(license, 'heartbeat', { session_id })).toMatchObject(suspended);
    expect(await call(license, 'checkout', { identifier: 'one' })).toMatchObject(suspended);
    expect(await call(license, 'checkin', { session_id })).toMatchObject({ status: 200 });
    await app.call('POST', `/admin/licenses/${String(license['id'])}/revoke`, {});
    expect(await call(license, 'checkout', { identifier: 'one' })).toMatchObject({
      status: 409,
      body: { code: 'LICENSE_REVOKED' },
    });
  });

  it('are listed and ended by the merchant, and their events do not identify the user', async () => {
    const license = await issue();
    const { session_id } = await checkOut(license, 'one', { label: 'Desk 7' });
    await checkOut(license, 'two');
    await call(license, 'checkout', { identifier: 'one', label: 'Desk 8' });
    expect(await sessionsOf(license)).toMatchObject([
      { id: session_id, license_id: license['id'], identifier: 'one', label: 'Desk 8', borrowed_until: null },
      { identifier: 'two', label: null },
    ]);
    const path = `/admin/licenses/${String(license['id'])}/sessions`;
    const page = await app.call('GET', `${path}?limit=1`);
    expect((page.body as { data: Fields[] }).data).toHaveLength(1);
    const next = await app.call('GET', `${path}?cursor=${String((page.body as Fields)['next_cursor'])}`);
    expect(next.body).toMatchObject({ data: [{ identifier: 'two' }], next_cursor: null });
    expect(await app.call('DELETE', `${path}/${String(session_id)}`)).toMatchObject({ status: 204 });
    expect(await app.call('DELETE', `${path}/${String(session_id)}`)).toMatchObject({
      status: 404,
      body: { code: 'SESSION_NOT_FOUND' },
    });
    expect(await call(license, 'heartbeat', { session_id })).toMatchObject({ status: 409 });
    expect(await historyOf(license)).toMatchObject([
      { type: 'floating.checked_out', subject: `${String(license['id'])}/floating`, actor: { type: 'license' } },
      { type: 'floating.checked_out' },
      { type: 'floating.relabeled' },
      { type: 'floating.checked_in', actor: { type: 'api_key' }, data: { reason: 'operator' } },
    ]);
    const published = await app.call('GET', '/events?types=floating.*&limit=200');
    const mine = (published.body as { data: { type: string; data: Fields }[] }).data.filter(
      ({ data }) => data['license_id'] === license['id'],
    );
    expect(mine.map(({ type }) => type)).toEqual([
      'floating.checked_out',
      'floating.checked_out',
      'floating.checked_in',
    ]);
    expect(JSON.stringify(mine)).not.toMatch(/identifier|Desk/);
    const { rows } = await pool.query<{ data: string }>(
      `select string_agg(data::text, '') as data from events where stream_id = $1`,
      [`${String(license['id'])}/floating`],
    );
    expect(rows[0]?.data).not.toContain('Desk');
  });

  it('expire by themselves, are reported as expired, and never return', async () => {
    const license = await issue({ max_activations: 1 });
    const { session_id } = await checkOut(license, 'one');
    clock.pass(30 * MINUTE);
    try {
      expect(await call(license, 'heartbeat', { session_id })).toMatchObject({
        status: 409,
        body: { code: 'SESSION_EXPIRED' },
      });
      await eventually(async () => (await historyOf(license)).some(({ type }) => type === 'floating.expired'));
      expect(await sessionsOf(license)).toEqual([]);
      // A process that has seen none of these events reads the session from the table.
      const another = await startApp({ services: SERVICES, databaseUrl: app.databaseUrl, clock });
      try {
        const beat = await call(license, 'heartbeat', { session_id }, {}, another);
        expect(beat).toMatchObject({ status: 409, body: { code: 'SESSION_EXPIRED' } });
        const taken = await call(license, 'checkout', { identifier: 'one' }, {}, another);
        expect(taken).toMatchObject({ status: 201, body: { active_sessions: 1 } });
        expect((taken.body as Fields)['session_id']).not.toBe(session_id);
        expect(await call(license, 'checkout', { identifier: 'two' }, {}, another)).toMatchObject({ status: 409 });
      } finally {
        await another.close();
      }
      expect(await call(license, 'checkin', { session_id })).toMatchObject({ status: 200 });
      expect(await call(license, 'checkout', { identifier: 'two' })).toMatchObject({ status: 409 });
    } finally {
      clock.reset();
    }
  });

  it('are lent until a time, with a token for offline use that ends then', async () => {
    const license = await issue({ max_activations: 1, max_borrow_days: 14 });
    const borrow_until = new Date(Date.now() + 10 * DAY).toISOString();
    const lent = await checkOut(license, 'laptop', { borrow_until });
    expect(lent).toMatchObject({ expires_at: borrow_until, borrowed_until: borrow_until });
    const jwks = (await app.call('GET', '/.well-known/jwks.json')).body as JSONWebKeySet;
    const { payload } = await jwtVerify(String(lent['token']), createLocalJWKSet(jwks), {
      audience: product,
      subject: String(license['id']),
      typ: 'lease+jwt',
    });
    expect(payload.exp).toBe(Math.floor(Date.parse(borrow_until) / 1000));
    expect(await call(license, 'checkout', { identifier: 'two' })).toMatchObject({
      status: 409,
      body: { next_expires_at: borrow_until },
    });
    // Renewals do not shorten the loan.
    const beat = await call(license, 'heartbeat', { session_id: lent['session_id'] });
    expect(beat).toMatchObject({ status: 200, body: { expires_at: borrow_until, token: null } });
    const latest = new Date(Date.now() + 15 * DAY).toISOString();
    expect(await call(license, 'checkout', { identifier: 'laptop', borrow_until: latest })).toMatchObject({
      status: 409,
      body: { code: 'BORROW_LIMIT_EXCEEDED', max_borrow_days: 14 },
    });
    expect(
      await call(license, 'checkout', { identifier: 'laptop', borrow_until: '2020-01-01T00:00:00.000Z' }),
    ).toMatchObject({ status: 400, body: { errors: [{ pointer: '/borrow_until' }] } });
    expect(await call(license, 'checkin', { session_id: lent['session_id'] })).toMatchObject({ status: 200 });
    await checkOut(license, 'two');

    const unlent = await issue();
    expect(await call(unlent, 'checkout', { identifier: 'laptop', borrow_until })).toMatchObject({ status: 403 });
  });

  it('are checked out once for one Idempotency-Key, with the same token', async () => {
    const license = await issue({ max_borrow_days: 7 });
    const body = { identifier: 'one', borrow_until: new Date(Date.now() + DAY).toISOString() };
    const headers = { 'idempotency-key': `floating-${count}` };
    const first = await call(license, 'checkout', body, headers);
    const again = await call(license, 'checkout', body, headers);
    expect(first.status).toBe(201);
    expect(again).toMatchObject({ status: 201, body: first.body as Fields });
    expect(again.headers['idempotent-replayed']).toBe('true');
  });

  it('verify without an activation', async () => {
    const license = await issue();
    const ask = (body: Fields): Promise<Reply> =>
      app.call('POST', '/license/verify', { license_key: license['license_key'], ...body });
    expect(await ask({})).toMatchObject({ status: 200, body: { valid: true, code: 'VALID' } });
    expect(await ask({ identifier: 'anything' })).toMatchObject({ body: { valid: true, code: 'VALID' } });
  });

  it('keep their limit under concurrent requests', async () => {
    const license = await issue({ max_activations: 5 });
    const replies = await Promise.all(
      Array.from({ length: 200 }, (_, n) => call(license, 'checkout', { identifier: `device-${n % 100}` })),
    );
    const statuses = replies.map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(5);
    expect(new Set(statuses)).toEqual(new Set([200, 201, 409]));
    expect(await sessionsOf(license)).toHaveLength(5);
  });
});

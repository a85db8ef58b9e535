import pg from 'pg';
import { eventually, startApp, type TestApp } from '../support/app.ts';
import { MovableClock } from '../support/clock.ts';
import { billingService } from '../../apps/billing/src/billing.module.ts';
import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { findProjection, rebuildFound } from '../../apps/keyledger/src/projections.ts';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';
import { type Fields, openBooks, pay, price, sell, subscribe, unique } from './harness.ts';

const DAY_MS = 86_400_000;

describe('the books', () => {
  const clock = new MovableClock();
  let app: TestApp;
  let monthly: string;
  const services = [licensingService, billingService];

  const now = (): string => clock.now().toISOString();
  const get = async (path: string): Promise<Fields> => (await app.call('GET', path)).body as Fields;
  const ok = async (path: string, body: Fields): Promise<Fields> => {
    const reply = await app.call('POST', path, body);
    expect([200, 201]).toContain(reply.status);
    return reply.body as Fields;
  };
  const customer = async (email: string): Promise<string> =>
    String((await app.create('/admin/customers', { email, name: 'Ada', address: { country: 'DE' } }))['id']);
  /** A finalized invoice of 119.00 EUR. */
  const invoice = async (customer_id: string): Promise<string> => {
    const lines = [{ description: 'Work', amount: 10_000 }];
    const { id } = await app.create('/admin/invoices', { customer_id, currency: 'eur', lines });
    await ok(`/admin/invoices/${String(id)}/finalize`, {});
    return String(id);
  };

  beforeAll(async () => {
    app = await startApp({ services: [gatewayService, licensingService, billingService], clock });
    await openBooks(app);
    monthly = await price(app, await sell(app));
  });
  afterAll(() => app?.close());

  it('tell a customer what was charged, paid and given back', async () => {
    const id = await customer(`${unique()}@example.com`);
    const paid = await invoice(id);
    await pay(app, paid, { amount: 12_900, paid_at: now() });
    const from = now();
    clock.pass(DAY_MS);
    const second = await invoice(id);
    await ok(`/admin/invoices/${second}/void`, {});
    await ok(`/admin/invoices/${paid}/refund`, { amount: 1_900, reason: 'Sorry' });
    await ok(`/admin/customers/${id}/balance`, { currency: 'eur', amount: 500, reason: 'Gift' });
    const path = `/admin/statements?customer_id=${id}&from=${from}&to=${new Date(clock.now().getTime() + 1).toISOString()}`;
    const { accounts } = (await get(path)) as { accounts: Fields[] };
    expect(accounts).toHaveLength(1);
    expect(accounts[0]).toMatchObject({
      currency: 'eur',
      opening: { balance: -1_000, credit_balance: 1_000 },
      closing: { balance: -1_500, credit_balance: 1_500 },
    });
    const entries = accounts[0]?.['entries'] as Fields[];
    expect(entries.map(({ kind, amount, credit, balance }) => [kind, amount, credit, balance])).toEqual([
      ['invoice', 11_900, 0, 10_900],
      ['credit', 0, -1_000, 10_900],
      ['void', -11_900, 0, -1_000],
      ['credit', 0, 1_000, -1_000],
      ['credit_note', -1_900, 0, -2_900],
      ['refund', 1_900, 0, -1_000],
      ['credit', -500, 500, -1_500],
    ]);
    const before = (await get(`${path.replace(from, '2020-01-01T00:00:00.000Z')}&currency=eur`)) as {
      accounts: Fields[];
    };
    expect(before.accounts[0]).toMatchObject({ opening: { balance: 0 }, closing: accounts[0]?.['closing'] });
    const csv = String((await app.call('GET', `${path}&format=csv`)).body).split('\n');
    expect(csv[0]).toBe('currency,date,kind,id,number,description,amount,credit,balance');
    expect(csv[1]).toBe(`eur,${from},opening_balance,,,,,10.00,-10.00`);
    expect(csv.find((line) => line.includes('credit_note'))).toMatch(/,Sorry,-19\.00,0\.00,-29\.00$/);
    expect(await app.call('GET', path.replace(id, 'cus_01jd30h7j9k2m4n6p8q1r3s5tv'))).toMatchObject({
      status: 404,
      body: { code: 'CUSTOMER_NOT_FOUND' },
    });
  });

  it('of a customer include those of customers that were merged into it', async () => {
    const email = `${unique()}@example.com`;
    const { body } = await subscribe(app, { price_id: monthly, email });
    const old = String(body.customer_id);
    await pay(app, body.latest_invoice_id, { paid_at: now() });
    await ok(`/admin/customers/${old}/balance`, { currency: 'eur', amount: 300, reason: 'Gift' });
    const id = await customer(`${unique()}@example.com`);
    const own = await invoice(id);
    await ok(`/admin/customers/${old}/merge`, { into: id });
    const ids = async (path: string): Promise<unknown[]> =>
      ((await get(`${path}?customer_id=${id}`)) as { data: Fields[] }).data.map((one) => one['id']);
    expect(await ids('/subscriptions')).toEqual([body.id]);
    expect(new Set(await ids('/admin/invoices'))).toEqual(new Set([own, body.latest_invoice_id]));
    expect(await ids('/admin/payments')).toHaveLength(1);
    const range = `from=2020-01-01T00:00:00.000Z&to=2100-01-01T00:00:00.000Z`;
    const statement = await get(`/admin/statements?customer_id=${id}&${range}`);
    expect(statement).toMatchObject({
      customer_id: id,
      accounts: [{ closing: { balance: 11_900 - 300, credit_balance: 300 } }],
    });
    expect(await get(`/admin/statements?customer_id=${old}&${range}`)).toEqual(statement);
  });

  /** The rows of all tables of a service, as text, by table. */
  const rowsOf = async (schema: string): Promise<Map<string, string[]>> => {
    const client = new pg.Client({ connectionString: app.databaseUrl });
    await client.connect();
    const { rows: tables } = await client.query<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = $1 and table_type = 'BASE TABLE'`,
      [schema],
    );
    const found = new Map<string, string[]>();
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(
        `select to_jsonb(t)::text as row from ${schema}.${name} t order by 1`,
      );
      found.set(
        name,
        rows.map(({ row }) => row),
      );
    }
    await client.end();
    return found;
  };
  /** Tables of both services that have a text in the clear. */
  const tablesWith = async (text: string): Promise<string[]> => {
    const found: string[] = [];
    for (const { name } of services)
      for (const [table, rows] of await rowsOf(name))
        if (rows.some((row) => row.includes(text))) found.push(`${name}.${table}`);
    return found.sort();
  };
  /** Makes all tables of a service anew from its log. */
  const rebuildAll = async (service: (typeof services)[number]): Promise<void> => {
    const pool = new pg.Pool({
      connectionString: app.databaseUrl,
      options: `-c search_path=${service.name}`,
      max: 4,
    });
    for (const { name } of service.projections) {
      const found = findProjection(name, service.name);
      await rebuildFound({ found, pool, config: app.config, tell: () => undefined });
    }
    await pool.end();
  };

  describe('of a person that is forgotten', () => {
    const email = `${unique('forgotten')}@example.com`;
    const subscriber = unique('acme/left');
    let trial: string;
    let id: string;
    let issued: string;

    beforeAll(async () => {
      const plan = await sell(app, { max_seats: 3, max_activations: 2 });
      trial = await price(app, plan, { trial_days: 14 });
    });
    const forget = (): ReturnType<TestApp['call']> => app.call('POST', `/admin/customers/${id}/forget`);
    const begin = async (): Promise<Fields> =>
      (await subscribe(app, { price_id: trial, subscriber, email, name: 'Grace Forgotten' })).body as Fields;

    it('are closed to that while something is live or open', async () => {
      const subscription = await begin();
      expect(subscription['status']).toBe('trialing');
      id = String(subscription['customer_id']);
      const license = `/admin/licenses/${String(subscription['license_id'])}`;
      await eventually(async () => (await get(license))['email'] === email);
      await app.call('PATCH', license, { notes: `Call ${email}` });
      await app.create('/portal/seats', { license_id: subscription['license_id'], email });
      const { plan_id, product_id } = await sell(app, { license_model: 'floating', max_activations: 2 });
      const floating = await app.create('/admin/licenses', { product_id, plan_id, email });
      const { license_key } = floating;
      const session = { license_key, identifier: email, label: email };
      expect((await app.call('POST', '/license/floating/checkout', session)).status).toBe(201);
      await app.call('PATCH', `/admin/customers/${id}`, { company: `${email} GmbH`, po_number: 'PO 7' });
      issued = await invoice(id);
      expect(await forget()).toMatchObject({
        status: 409,
        body: { code: 'CUSTOMER_IN_USE', subscription_ids: [subscription['id']], invoice_ids: [issued] },
      });
      await pay(app, issued, { paid_at: now() });
      await ok(`/subscriptions/${String(subscription['id'])}/cancel`, { when: 'now' });
      expect(await tablesWith(email)).toEqual([
        'billing.customers',
        'licensing.floating_sessions',
        'licensing.licenses',
        'licensing.seats',
      ]);
    });

    it('keep nothing of it in any table or log but the sealed buyers of invoices', async () => {
      const { status, body } = await forget();
      expect([status, body]).toMatchObject([200, { customer_id: id, kept: { invoices: 1 } }]);
      expect((await forget()).body).toEqual(body);
      expect(await get(`/admin/customers/${id}`)).toMatchObject({
        ...{ email: null, name: null, company: null, po_number: null, tax_ids: [], address: { country: null } },
        forgotten_at: body.forgotten_at,
      });
      await eventually(async () => (await tablesWith(email)).length === 0);
      expect(await tablesWith('Grace Forgotten')).toEqual([]);
      expect((await get(`/admin/invoices/${issued}`))['buyer']).toMatchObject({ email, company: `${email} GmbH` });
    });

    it('have the same rows when the tables are made anew from the logs', async () => {
      for (const service of services) {
        const before = await rowsOf(service.name);
        await rebuildAll(service);
        const after = await rowsOf(service.name);
        for (const { tables } of service.projections)
          for (const table of tables)
            expect({ table, rows: after.get(table) }).toEqual({ table, rows: before.get(table) });
      }
    });

    it('forget merged customers with the other one, and the notes of a former owner', async () => {
      const [old, present, owner] = ['old', 'present', 'owner'].map((name) => `${unique(name)}@example.com`);
      const merged = await customer(String(old));
      const into = await customer(String(present));
      await ok(`/admin/customers/${merged}/merge`, { into });
      const { plan_id, product_id } = await sell(app);
      const license = await app.create('/admin/licenses', { product_id, plan_id, email: old, notes: `Call ${old}` });
      const path = `/admin/licenses/${String(license['id'])}`;
      await ok(`${path}/transfer`, { email: owner });
      expect(await get(path)).toMatchObject({ email: owner, notes: `Call ${old}` });
      const refused = await app.call('POST', `/admin/customers/${merged}/forget`);
      expect(refused).toMatchObject({ status: 409, body: { code: 'CUSTOMER_MERGED', merged_into: into } });
      await ok(`/admin/customers/${into}/forget`, {});
      for (const address of [old, present])
        await eventually(async () => (await tablesWith(String(address))).length === 0);
      expect(await get(path)).toMatchObject({ email: owner, notes: null });
    });

    it('do not forget another person that has the address now', async () => {
      const [shared, later] = [unique('shared'), unique('later')].map((name) => `${name}@example.com`);
      const first = await customer(String(shared));
      await app.call('PATCH', `/admin/customers/${first}`, { email: later });
      await customer(String(shared));
      const { plan_id, product_id } = await sell(app);
      const [license, other] = await Promise.all(
        [shared, later].map((email) => app.create('/admin/licenses', { product_id, plan_id, email })),
      );
      await ok(`/admin/customers/${first}/forget`, {});
      await eventually(async () => (await get(`/admin/licenses/${String(other?.['id'])}`))['email'] === null);
      expect(await get(`/admin/licenses/${String(license?.['id'])}`)).toMatchObject({ email: shared });
    });

    it('know the person again, without a second trial, when it comes back', async () => {
      const again = await begin();
      expect(again).toMatchObject({ customer_id: id, status: 'pending_payment' });
      expect(await get(`/admin/customers/${id}`)).toMatchObject({ email, name: 'Grace Forgotten', forgotten_at: null });
      expect(await app.call('POST', `/admin/invoices/${String(again['latest_invoice_id'])}/void`, {})).toMatchObject({
        status: 200,
      });
    });

    it('forget buyers when their retention has ended, and keep the rest', async () => {
      const { buyer, ...kept } = await get(`/admin/invoices/${issued}`);
      expect(buyer).not.toBeNull();
      clock.pass(11 * 366 * DAY_MS);
      await eventually(async () => (await get(`/admin/invoices/${issued}`))['buyer'] === null);
      expect(await get(`/admin/invoices/${issued}`)).toEqual({ ...kept, buyer: null });
      expect((await app.call('GET', `/admin/invoices/${issued}/html`)).body).toContain('Personal data deleted');
      expect((await app.call('GET', `/admin/invoices/${issued}/pdf`)).status).toBe(200);
    });
  });
});

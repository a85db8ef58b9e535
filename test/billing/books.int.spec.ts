import { startApp, type TestApp } from '../support/app.ts';
import { MovableClock } from '../support/clock.ts';
import { billingService } from '../../apps/billing/src/billing.module.ts';
import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';
import { type Fields, openBooks, pay, price, sell, subscribe, unique } from './harness.ts';

const DAY_MS = 86_400_000;

describe('the books', () => {
  const clock = new MovableClock();
  let app: TestApp;
  let monthly: string;

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
});

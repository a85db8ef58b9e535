import { NO_ADDRESS } from '#domain/billing/customer/party';
import { newId } from '#domain/shared/id';
import { PLAN_DEFAULTS, type PlanEvent } from '#domain/licensing/plan/plan';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import { eventually, type Reply, startApp, type TestApp } from '../../../test/support/app.ts';
import { LicensingLog, licensingStandIn } from '../../../test/support/licensing-log.ts';
import { gatewayService } from '../../gateway/src/gateway.module.ts';
import { billingService } from './billing.module.ts';
import { Coupons } from './coupons/coupons.ts';
import { Customers } from './customers/customers.ts';
import { Organization } from './organization/organization.ts';
import { Prices } from './prices/prices.ts';
import { Taxation } from './taxes/taxation.ts';

type Fields = Record<string, unknown>;

const NOW = '2026-01-31T09:00:00.000Z';
const metadata = { actor: { type: 'system', id: 'test' }, correlation_id: 'test' } as const;

describe('the catalog of billing', () => {
  let app: TestApp;
  let product_id: string;
  let plan_id: string;

  const get = <T>(type: new (...args: never[]) => T): T =>
    app.app.nest.select(billingService.module).get<T>(type, { strict: false });
  const aPlan = async (fields: Partial<PlanEvent> = {}): Promise<string> => {
    const id = newId('plan');
    const event = {
      ...PLAN_DEFAULTS,
      type: 'plan.created',
      checkout_id: `co_${id}`,
      product_id,
      name: 'Pro',
      slug: id.replace('_', '-'),
      license_type: 'subscription',
      license_model: 'standard',
      trial_days: 14,
      ...fields,
    } as PlanEvent;
    await app.app.nest.get(LicensingLog).append(id, event);
    return id;
  };
  const refused = async (reply: Promise<Reply>, status: number, code: string): Promise<Fields> => {
    const { status: answered, body } = await reply;
    expect({ status: answered, code: body.code }).toEqual({ status, code });
    return body as Fields;
  };
  const post = (path: string, body: unknown, headers?: Record<string, string>): Promise<Reply> =>
    app.call('POST', path, body, headers);
  const patch = (path: string, body: unknown, headers?: Record<string, string>): Promise<Reply> =>
    app.call('PATCH', path, body, headers);

  beforeAll(async () => {
    app = await startApp({ services: [gatewayService, licensingStandIn, billingService] });
    product_id = newId('prod');
    plan_id = await aPlan();
  });
  afterAll(() => app.close());

  describe('prices', () => {
    const monthly = (fields: Fields = {}): Fields => ({
      plan_id,
      amount: 4900,
      currency: 'eur',
      interval: 'month',
      ...fields,
    });

    it('are created with the defaults of their plan, read and listed', async () => {
      const body = await app.create('/admin/prices', monthly({ nickname: 'Monthly', metadata: { a: 1 } }));
      expect(body).toMatchObject({
        product_id,
        ...monthly(),
        interval_count: 1,
        tax_behavior: 'exclusive',
        trial_days: 14,
        usage: null,
        setup_amount: 0,
        active: true,
        nickname: 'Monthly',
        lookup_key: null,
        metadata: { a: 1 },
      });
      const once = await app.create('/admin/prices', monthly({ interval: null, amount: 0 }));
      expect(once).toMatchObject({ interval: null, trial_days: 0, amount: 0 });
      const read = await app.call('GET', `/admin/prices/${String(body['id'])}`);
      expect(read).toMatchObject({ status: 200, body, headers: { etag: '"1"' } });
      const list = await app.call('GET', `/admin/prices?plan_id=${plan_id}&active=true&limit=1`);
      expect(list.body).toMatchObject({ data: [{ id: once['id'] }], next_cursor: expect.any(String) as string });
      const next = await app.call('GET', `/admin/prices?plan_id=${plan_id}&limit=1&cursor=${list.body.next_cursor}`);
      expect(next.body.data).toMatchObject([{ id: body['id'] }]);
    });

    it.each([
      [{ amount: 1.5 }, 'VALIDATION_FAILED', '/amount'],
      [{ amount: '4900' }, 'VALIDATION_FAILED', '/amount'],
      [{ amount: -1 }, 'VALIDATION_FAILED', '/amount'],
      [{ amount: 2 ** 53 }, 'VALIDATION_FAILED', '/amount'],
      [{ setup_amount: -1 }, 'VALIDATION_FAILED', '/setup_amount'],
      [{ currency: 'EUR' }, 'VALIDATION_FAILED', '/currency'],
      [{ currency: 'xyz' }, 'UNKNOWN_CURRENCY', '/currency'],
      [{ interval: 'decade' }, 'VALIDATION_FAILED', '/interval'],
      [{ interval_count: 0 }, 'VALIDATION_FAILED', '/interval_count'],
      [{ interval_count: 1000 }, 'VALIDATION_FAILED', '/interval_count'],
      [{ interval_count: 37 }, 'INVALID_PRICE', '/interval_count'],
      [{ interval: null, trial_days: 7 }, 'INVALID_PRICE', '/trial_days'],
      [{ usage: { feature: 'api', aggregation: 'sum', tiers: [] } }, 'INVALID_PRICE', '/usage/tiers'],
      [{ usage: { feature: 'api', aggregation: 'mean' } }, 'VALIDATION_FAILED', '/usage/aggregation'],
      [
        { usage: { feature: 'api', aggregation: 'sum', tiers: [{ up_to: null, unit_amount: 0.5, flat_amount: 0 }] } },
        'VALIDATION_FAILED',
        '/usage/tiers/0/unit_amount',
      ],
    ])('are not created from %j', async (fields, code, pointer) => {
      const { errors } = await refused(post('/admin/prices', monthly(fields)), 400, code);
      expect((errors as { pointer: string }[]).map((error) => error.pointer)).toContain(pointer);
    });

    it('have tiers whose amounts are numbers, or decimals as text, as they were sent', async () => {
      const tiers = [
        { up_to: 10, unit_amount: 5, flat_amount: 100 },
        { up_to: null, unit_amount: '0.5' },
      ];
      const body = monthly({ amount: 0, usage: { feature: 'api', aggregation: 'sum', tiers } });
      expect((await app.create('/admin/prices', body))['usage']).toMatchObject({
        tiers: [tiers[0], { ...tiers[1], flat_amount: 0 }],
        tiers_mode: 'graduated',
      });
    });

    it('need a plan', async () => {
      await refused(post('/admin/prices', monthly({ plan_id: newId('plan') })), 404, 'PLAN_NOT_FOUND');
    });

    it('sell nothing once their plan is deleted', async () => {
      const plan = await aPlan();
      const { id: price_id } = await app.create('/admin/prices', monthly({ plan_id: plan, amount: 0 }));
      await app.app.nest.get(LicensingLog).append<PlanEvent>(plan, { type: 'plan.deleted', product_id });
      const order = { subscriber: 'acme/late', email: 'late@example.com', price_id };
      const { pool } = app.app.nest.select(billingService.module).get<ServiceDatabase>(DATABASE, { strict: false });
      const known = async () => (await pool.query('select from billing.plans where id = $1', [plan])).rowCount;
      await eventually(async () => (await known()) === 0);
      await refused(post('/subscriptions', order), 404, 'PLAN_NOT_FOUND');
    });

    it('change nothing but their labels', async () => {
      const { id } = await app.create('/admin/prices', monthly({ metadata: { a: 1, b: 2 } }));
      const path = `/admin/prices/${String(id)}`;
      for (const fields of [{ amount: 1 }, { currency: 'usd', active: false }, { usage: null }, { plan_id }]) {
        await refused(patch(path, fields), 409, 'PRICE_IMMUTABLE');
      }
      await refused(patch(path, { color: 'red' }), 400, 'VALIDATION_FAILED');
      const labels = { active: false, nickname: 'Old', metadata: { a: null, c: 3 } };
      const changed = await patch(path, labels, { 'if-match': '"1"' });
      expect(changed).toMatchObject({ status: 200, headers: { etag: '"2"' } });
      expect(changed.body).toMatchObject({ active: false, nickname: 'Old', metadata: { b: 2, c: 3 }, amount: 4900 });
      await refused(patch(path, { active: true }, { 'if-match': '"1"' }), 412, 'PRECONDITION_FAILED');
      await refused(patch(`/admin/prices/${newId('price')}`, {}), 404, 'PRICE_NOT_FOUND');
    });

    it('have lookup keys that no other price has', async () => {
      const replies = await Promise.all(
        Array.from({ length: 10 }, () => post('/admin/prices', monthly({ lookup_key: 'pro-monthly' }))),
      );
      expect(replies.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(9).fill(409)]);
      const other = await app.create('/admin/prices', monthly());
      await refused(
        patch(`/admin/prices/${String(other['id'])}`, { lookup_key: 'pro-monthly' }),
        409,
        'LOOKUP_KEY_TAKEN',
      );
      const found = await app.call('GET', '/admin/prices?lookup_key=pro-monthly');
      expect(found.body.data).toHaveLength(1);
    });

    it('are found by their plan only if exactly one is active', async () => {
      const plan = await aPlan();
      const prices = get(Prices);
      const needed = expect.objectContaining({ code: 'PRICE_REQUIRED' }) as Error;
      await expect(prices.only(plan)).rejects.toEqual(needed);
      const { id } = await app.create('/admin/prices', monthly({ plan_id: plan }));
      expect(await prices.only(plan)).toMatchObject({ price_id: id, amount: 4900 });
      const second = await app.create('/admin/prices', monthly({ plan_id: plan, amount: 9900 }));
      await expect(prices.only(plan)).rejects.toEqual(needed);
      await patch(`/admin/prices/${String(id)}`, { active: false });
      expect(await prices.only(plan)).toMatchObject({ price_id: second['id'] });
      await expect(prices.sold(String(id))).rejects.toMatchObject({ code: 'PRICE_INACTIVE' });
    });

    it('are visible to keys of their product alone', async () => {
      const { id } = await app.create('/admin/prices', monthly());
      const keyOf = async (product: string): Promise<Record<string, string>> => {
        const made = await app.create('/admin/api-keys', { name: 'k', scopes: ['billing:write'], product_id: product });
        return { authorization: `Bearer ${String(made['key'])}` };
      };
      const [own, foreign] = [await keyOf(product_id), await keyOf(newId('prod'))];
      expect((await app.call('GET', `/admin/prices/${String(id)}`, undefined, own)).status).toBe(200);
      expect((await app.call('GET', `/admin/prices/${String(id)}`, undefined, foreign)).status).toBe(404);
      expect((await app.call('GET', '/admin/prices', undefined, foreign)).body.data).toEqual([]);
      await refused(post('/admin/prices', monthly(), foreign), 404, 'PLAN_NOT_FOUND');
      await refused(app.call('GET', '/admin/customers', undefined, own), 403, 'FORBIDDEN');
    });
  });

  describe('customers', () => {
    let count = 0;
    const address = (): string => `customer-${(count += 1)}@example.com`;

    it('are created, read and listed', async () => {
      const email = address();
      const body = await app.create('/admin/customers', {
        email,
        name: 'Ada',
        company: 'Acme',
        address: { line1: 'Ring 1', city: 'Wien', country: 'AT' },
        tax_ids: [{ type: 'eu_vat', value: 'atu 13585627' }],
        locale: 'de-at',
        payment_terms_days: 30,
        external_id: 'acme',
      });
      expect(body).toMatchObject({
        email,
        address: { line1: 'Ring 1', line2: null, city: 'Wien', postal_code: null, state: null, country: 'AT' },
        tax_ids: [{ type: 'eu_vat', value: 'ATU13585627', status: 'unverified' }],
        locale: 'de-AT',
        balance: {},
        merged_into: null,
      });
      const path = `/admin/customers/${String(body['id'])}`;
      expect(await app.call('GET', path)).toMatchObject({ status: 200, body, headers: { etag: '"1"' } });
      for (const filter of [`email=${email.toUpperCase()}`, 'external_id=acme', 'q=aCmE']) {
        expect((await app.call('GET', `/admin/customers?${filter}`)).body.data).toEqual([body]);
      }
      await app.create('/admin/customers', { email: address() });
      const first = await app.call('GET', '/admin/customers?limit=1');
      const second = await app.call('GET', `/admin/customers?limit=1&cursor=${first.body.next_cursor}`);
      expect(second.body.data).toEqual([body]);
    });

    it('store no personal data in the clear in their log', async () => {
      const email = address();
      const { id } = await app.create('/admin/customers', { email, name: 'Grace', address: { city: 'Arlington' } });
      await patch(`/admin/customers/${String(id)}`, { company: 'Navy', po_number: 'PO-77' });
      const database = app.app.nest.select(billingService.module).get<ServiceDatabase>(DATABASE, { strict: false });
      const { rows } = await database.pool.query<{ data: unknown }>(
        'select data from billing.events where stream_id = $1',
        [id],
      );
      expect(rows).toHaveLength(2);
      expect(JSON.stringify(rows)).not.toMatch(/customer-|Grace|Arlington|Navy|PO-77/);
    });

    it.each([
      [{ email: 'nobody' }, 'VALIDATION_FAILED', '/email'],
      [{ address: { country: 'at' } }, 'VALIDATION_FAILED', '/address/country'],
      [{ address: { country: 'XX' } }, 'INVALID_CUSTOMER', '/address/country'],
      [{ locale: 'no language' }, 'INVALID_CUSTOMER', '/locale'],
      [{ tax_ids: [{ type: 'eu_vat', value: 'DE136695977' }] }, 'INVALID_TAX_ID', '/tax_ids/0/value'],
      [{ payment_terms_days: -1 }, 'VALIDATION_FAILED', '/payment_terms_days'],
      [
        { tax_ids: [{ type: 'eu_vat', value: 'DE136695976', status: 'valid' }] },
        'VALIDATION_FAILED',
        '/tax_ids/0/status',
      ],
    ])('are not created from %j', async (fields, code, pointer) => {
      const { errors } = await refused(post('/admin/customers', { email: address(), ...fields }), 400, code);
      expect((errors as { pointer: string }[]).map((error) => error.pointer)).toContain(pointer);
    });

    it('are one for each address, however many calls ask for it', async () => {
      const email = address();
      const customers = get(Customers);
      const found = await Promise.all(
        Array.from({ length: 50 }, (_, n) =>
          customers.forEmail(n % 2 === 0 ? email : email.toUpperCase(), { name: 'Ada' }, metadata),
        ),
      );
      expect(new Set(found.map(({ customer_id }) => customer_id)).size).toBe(1);
      const { customer_id } = await refused(post('/admin/customers', { email }), 409, 'CUSTOMER_EXISTS');
      expect(customer_id).toBe(found[0]?.customer_id);
    });

    it('can be created once with an Idempotency-Key', async () => {
      const email = address();
      const headers = { 'idempotency-key': email };
      const first = await post('/admin/customers', { email }, headers);
      expect(await post('/admin/customers', { email }, headers)).toMatchObject({ status: 201, body: first.body });
    });

    it('change their address unless another customer has it; the old one is free again', async () => {
      const [old, taken, fresh] = [address(), address(), address()];
      const { id } = await app.create('/admin/customers', { email: old, address: { city: 'Wien', country: 'AT' } });
      const other = await app.create('/admin/customers', { email: taken });
      const path = `/admin/customers/${String(id)}`;
      const exists = await refused(patch(path, { email: taken.toUpperCase() }), 409, 'CUSTOMER_EXISTS');
      expect(exists['customer_id']).toBe(other['id']);
      const moved = await patch(path, { email: fresh, address: { city: 'Graz' } }, { 'if-match': '"1"' });
      expect(moved.body).toMatchObject({ email: fresh, address: { city: 'Graz', country: 'AT' } });
      await refused(patch(path, { name: 'x' }, { 'if-match': '"1"' }), 412, 'PRECONDITION_FAILED');
      await refused(patch(path, { tax_ids: [{ type: 'gb_vat', value: 'GB980780685' }] }), 400, 'INVALID_TAX_ID');
      const next = await app.create('/admin/customers', { email: old });
      expect(next['id']).not.toBe(id);
      const before = await app.call('GET', `${path}?as_of=${String(next['created_at'])}`);
      expect(before.status).toBe(200);
    });

    it('have a balance that a source changes once', async () => {
      const customers = get(Customers);
      const { customer_id } = await customers.forEmail(address(), {}, metadata);
      const cause = { currency: 'usd', reason: 'test' };
      const changes = Array.from({ length: 10 }, () =>
        customers.changeBalance(customer_id, { ...cause, amount: 500, source: 'pay_1' }, metadata),
      );
      expect(await Promise.all(changes)).toEqual(Array<number>(10).fill(500));
      const uses = [900, 900].map(() =>
        customers.useBalance(customer_id, { ...cause, up_to: 900, source: 'inv_1' }, metadata),
      );
      expect(await Promise.all(uses)).toEqual([500, 500]);
      const path = `/admin/customers/${customer_id}/balance`;
      expect((await post(path, { currency: 'usd', amount: 1200, reason: 'sorry' })).body.balance).toEqual({
        usd: 1200,
      });
      await refused(post(path, { currency: 'usd', amount: -1201, reason: 'x' }), 409, 'BALANCE_TOO_LOW');
      await refused(post(path, { currency: 'xyz', amount: 1, reason: 'x' }), 400, 'UNKNOWN_CURRENCY');
      await refused(post(path, { currency: 'usd', amount: 0.5, reason: 'x' }), 400, 'VALIDATION_FAILED');
    });

    it('are merged: the other one has the balance, and is found by both addresses', async () => {
      const customers = get(Customers);
      const [one, two] = [address(), address()];
      const from = await customers.forEmail(one, {}, metadata);
      const into = await customers.forEmail(two, {}, metadata);
      const cause = { currency: 'eur', reason: 'test', amount: 700, source: 'pay_2' };
      await customers.changeBalance(from.customer_id, cause, metadata);
      const path = `/admin/customers/${from.customer_id}`;
      const merged = await post(`${path}/merge`, { into: into.customer_id });
      expect(merged).toMatchObject({ status: 200, body: { merged_into: into.customer_id, balance: {} } });
      await post(`${path}/merge`, { into: into.customer_id });
      expect((await app.call('GET', path)).body).toMatchObject({ merged_into: into.customer_id });
      expect((await app.call('GET', `/admin/customers/${into.customer_id}`)).body.balance).toEqual({ eur: 700 });
      expect((await customers.forEmail(one, {}, metadata)).customer_id).toBe(into.customer_id);
      expect(await customers.changeBalance(from.customer_id, cause, metadata)).toBe(700);
      expect((await customers.present(from.customer_id)).balances).toEqual({ eur: 700 });
      expect([...(await customers.withMerged(into.customer_id))].sort()).toEqual(
        [from.customer_id, into.customer_id].sort(),
      );
      await refused(
        post(`/admin/customers/${into.customer_id}/merge`, { into: from.customer_id }),
        409,
        'CUSTOMER_MERGED',
      );
      await refused(post(`${path}/merge`, { into: from.customer_id }), 400, 'INVALID_MERGE');
      await refused(patch(path, { name: 'x' }), 409, 'CUSTOMER_MERGED');
    });

    it('get the balance of a merged customer, even if the merge was interrupted', async () => {
      const customers = get(Customers);
      const from = await customers.forEmail(address(), {}, metadata);
      const into = await customers.forEmail(address(), {}, metadata);
      const { customer_id } = from;
      await customers.changeBalance(
        customer_id,
        { currency: 'eur', reason: 'test', amount: 70, source: 'p' },
        metadata,
      );
      const target = into;
      const now = '2026-01-31T09:00:00.000Z';
      await customers.handle({ type: 'MergeCustomer', customer_id, into: into.customer_id, target, now }, { metadata });
      await eventually(async () => (await customers.find(into.customer_id)).balances['eur'] === 70);
    });
  });

  describe('the organization', () => {
    const acme = {
      legal_name: 'Acme GmbH',
      address: { line1: 'Ring 1', city: 'Wien', country: 'AT' },
      tax_ids: [{ type: 'eu_vat', value: 'ATU13585627' }],
      bank: { iban: 'AT61 1904 3002 3457 3201' },
      tax: { provider: 'rates' },
    };
    const put = (path: string, body: unknown, headers?: Record<string, string>): Promise<Reply> =>
      app.call('PUT', path, body, headers);

    it('is missing at first, and needed as a seller', async () => {
      await refused(app.call('GET', '/admin/organization'), 404, 'ORGANIZATION_NOT_FOUND');
      await expect(get(Organization).seller()).rejects.toMatchObject({ code: 'ORGANIZATION_REQUIRED', status: 409 });
      expect(await get(Taxation).of({ address: NO_ADDRESS, tax_ids: [] }, NOW)).toMatchObject({
        treatment: { rate: '0', category: 'O' },
      });
    });

    it('is set as a whole', async () => {
      const set = await put('/admin/organization', acme);
      expect(set).toMatchObject({ status: 200, headers: { etag: '"1"' } });
      expect(set.body).toMatchObject({
        ...acme,
        tax_ids: [{ type: 'eu_vat', value: 'ATU13585627', status: 'unverified' }],
        bank: { iban: 'AT611904300234573201', bic: null, name: null },
        invoice_prefix: 'INV',
        locale: 'en',
        default_currency: 'eur',
        email: null,
      });
      expect(await app.call('GET', '/admin/organization')).toMatchObject({ status: 200, body: set.body });
      await refused(put('/admin/organization', acme, { 'if-match': '"7"' }), 412, 'PRECONDITION_FAILED');
      expect(await get(Organization).seller()).toMatchObject({ legal_name: 'Acme GmbH', footer: null });
    });

    it.each([
      [{ bank: { iban: 'AT611904300234573202' } }, 'INVALID_BANK_ACCOUNT', '/bank/iban'],
      [{ tax_ids: [{ type: 'eu_vat', value: 'ATU13585628' }] }, 'INVALID_TAX_ID', '/tax_ids/0/value'],
      [{ tax: { provider: 'stripe_tax' } }, 'VALIDATION_FAILED', '/tax/provider'],
      [{ invoice_prefix: 'inv 1' }, 'VALIDATION_FAILED', '/invoice_prefix'],
      [{ default_currency: 'xyz' }, 'INVALID_ORGANIZATION', '/default_currency'],
      [{ logo: 'data:image/svg+xml;base64,PHN2Zy8+' }, 'INVALID_ORGANIZATION', '/logo'],
      [{ legal_name: '' }, 'VALIDATION_FAILED', '/legal_name'],
    ])('is not set with %j', async (fields, code, pointer) => {
      const { errors } = await refused(put('/admin/organization', { ...acme, ...fields }), 400, code);
      expect((errors as { pointer: string }[]).map((error) => error.pointer)).toContain(pointer);
    });

    it('taxes sales by its table of rates', async () => {
      const rate = { country: 'AT', rate: '20', name: 'USt.', valid_from: '2020-01-01T01:00:00+01:00' };
      expect((await app.call('GET', '/admin/tax-rates')).body).toEqual([]);
      const set = await put('/admin/tax-rates', [rate]);
      const kept = [{ ...rate, region: null, valid_from: '2020-01-01T00:00:00.000Z' }];
      expect(set).toMatchObject({ status: 200, body: kept });
      await refused(put('/admin/tax-rates', [{ ...rate, rate: '100.1' }]), 400, 'INVALID_TAX_RATE');
      await refused(put('/admin/tax-rates', [{ ...rate, rate: 20 }]), 400, 'VALIDATION_FAILED');
      await refused(put('/admin/tax-rates', [rate, rate]), 400, 'INVALID_TAX_RATE');
      expect((await app.call('GET', '/admin/tax-rates')).body).toEqual(kept);
      const taxation = get(Taxation);
      const buyer = { address: NO_ADDRESS, tax_ids: [] };
      expect(await taxation.of(buyer, NOW)).toMatchObject({ treatment: { rate: '20', category: 'S', name: 'USt.' } });
      const german = { type: 'eu_vat', value: 'DE136695976', status: 'unverified' } as const;
      expect(await taxation.of({ ...buyer, tax_ids: [german], locale: 'de' }, NOW)).toMatchObject({
        treatment: { rate: '0', category: 'AE' },
        notes: ['Steuerschuldnerschaft des Leistungsempfängers'],
      });
    });

    it('is set by keys with the scope admin alone, and read with the scope read', async () => {
      const keyOf = async (scope: string): Promise<Record<string, string>> => {
        const { key } = await app.create('/admin/api-keys', { name: 'k', scopes: [scope] });
        return { authorization: `Bearer ${String(key)}` };
      };
      await refused(put('/admin/organization', acme, await keyOf('billing:write')), 403, 'FORBIDDEN');
      const reader = await keyOf('read');
      for (const path of ['/admin/organization', '/admin/tax-rates', '/admin/prices', '/admin/customers']) {
        expect((await app.call('GET', path, undefined, reader)).status).toBe(200);
      }
      await refused(post('/admin/customers', { email: 'reader@example.com' }, reader), 403, 'FORBIDDEN');
    });
  });

  describe('coupons', () => {
    const percent = (fields: Fields = {}): Fields => ({
      name: 'Launch',
      percent_off: '20',
      duration: 'once',
      ...fields,
    });

    it('are created, read, listed and changed', async () => {
      const fields = { duration: 'repeating', months: 3, codes: ['Launch20'], redeem_by: '2999-01-01T01:00:00+01:00' };
      const body = await app.create('/admin/coupons', percent(fields));
      expect(body).toMatchObject({
        ...percent(fields),
        amount_off: null,
        redeem_by: '2999-01-01T00:00:00.000Z',
        max_redemptions: null,
        first_time_only: false,
        active: true,
        redemptions: 0,
      });
      const path = `/admin/coupons/${String(body['id'])}`;
      expect(await app.call('GET', path)).toMatchObject({ status: 200, body, headers: { etag: '"1"' } });
      expect((await app.call('GET', '/admin/coupons?code=LAUNCH20')).body.data).toEqual([body]);
      const changed = await patch(path, { name: 'Start', max_redemptions: 5 }, { 'if-match': '"1"' });
      expect(changed.body).toMatchObject({ name: 'Start', max_redemptions: 5, codes: ['Launch20'] });
      await refused(patch(path, { name: 'x' }, { 'if-match': '"1"' }), 412, 'PRECONDITION_FAILED');
      await refused(patch(path, { percent_off: '50' }), 400, 'VALIDATION_FAILED');
      await refused(patch(`/admin/coupons/${newId('cpn')}`, {}), 404, 'COUPON_NOT_FOUND');
      expect((await app.call('GET', '/admin/coupons?active=false')).body.data).toEqual([]);
    });

    it.each([
      [{ percent_off: '101' }, 'INVALID_COUPON', '/percent_off'],
      [{ percent_off: true }, 'VALIDATION_FAILED', '/percent_off'],
      [{ amount_off: 500, currency: 'eur' }, 'INVALID_COUPON', '/percent_off'],
      [{ percent_off: null, amount_off: 0.5, currency: 'eur' }, 'VALIDATION_FAILED', '/amount_off'],
      [{ percent_off: null, amount_off: 500, currency: 'xyz' }, 'INVALID_COUPON', '/currency'],
      [{ duration: 'repeating' }, 'INVALID_COUPON', '/months'],
      [{ max_redemptions: 0 }, 'VALIDATION_FAILED', '/max_redemptions'],
    ])('are not created from %j', async (fields, code, pointer) => {
      const { errors } = await refused(post('/admin/coupons', percent(fields)), 400, code);
      expect((errors as { pointer: string }[]).map((error) => error.pointer)).toContain(pointer);
    });

    it('have codes that no other coupon has, in any case', async () => {
      const replies = await Promise.all(
        Array.from({ length: 10 }, (_, n) =>
          post('/admin/coupons', percent({ codes: [n % 2 === 0 ? 'only' : 'ONLY'] })),
        ),
      );
      expect(replies.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(9).fill(409)]);
      const other = await app.create('/admin/coupons', percent({ codes: ['other'] }));
      const path = `/admin/coupons/${String(other['id'])}`;
      await refused(patch(path, { codes: ['other', 'Only'] }), 409, 'CODE_TAKEN');
      expect((await patch(path, { codes: ['OTHER', 'second'] })).body.codes).toEqual(['OTHER', 'second']);
      const coupons = get(Coupons);
      expect(await coupons.byCode('Second')).toMatchObject({ coupon_id: other['id'] });
      await patch(path, { codes: [] });
      await expect(coupons.byCode('second')).rejects.toMatchObject({ code: 'COUPON_NOT_FOUND', status: 404 });
      await app.create('/admin/coupons', percent({ codes: ['second'] }));
    });

    it('take a percentage as a number too', async () => {
      for (const [percent_off, shown] of [
        [20, '20'],
        [12.5, '12.5'],
      ])
        expect((await app.create('/admin/coupons', percent({ percent_off })))['percent_off']).toBe(shown);
      for (const percent_off of [0, -5, 100.1, 1e-20, true])
        expect((await app.call('POST', '/admin/coupons', percent({ percent_off }))).status).toBe(400);
    });

    it('are never redeemed more often than they may be', async () => {
      const { id } = await app.create('/admin/coupons', percent({ max_redemptions: 3 }));
      const coupons = get(Coupons);
      const sale = { product_id, plan_id, currency: 'eur', customer_id: newId('cus'), is_first_time: true, at: NOW };
      const redeem = (subscription_id: string) => coupons.redeem(String(id), { ...sale, subscription_id }, metadata);
      const subscriptions = Array.from({ length: 20 }, () => newId('sub'));
      const results = await Promise.allSettled(subscriptions.map(redeem));
      const [won, lost] = ['fulfilled', 'rejected'].map((status) => results.filter((one) => one.status === status));
      expect([won?.length, lost?.length]).toEqual([3, 17]);
      expect(lost?.[0]).toMatchObject({ reason: { code: 'COUPON_USED_UP' } });
      const first = subscriptions[results.findIndex(({ status }) => status === 'fulfilled')] ?? '';
      expect(await redeem(first)).toMatchObject({
        discount: { coupon_id: id, percent_off: '20', started_at: NOW, used: false },
        is_new: false,
      });
      await coupons.release(String(id), first, metadata);
      await redeem(newId('sub'));
      expect((await app.call('GET', `/admin/coupons/${String(id)}`)).body.redemptions).toBe(3);
    });
  });

  it('takes no events of a provider whose secret it does not have', async () => {
    const body = await refused(post('/hooks/stripe', {}), 503, 'PAYMENT_PROVIDER_NOT_CONFIGURED');
    expect(body['provider']).toBe('stripe');
  });
});

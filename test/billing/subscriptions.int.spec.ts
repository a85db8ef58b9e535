import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import { eventually, type Reply, startApp, type TestApp } from '../support/app.ts';
import { MovableClock } from '../support/clock.ts';
import { checkBooks } from './checker.ts';
import { type Fields, openBooks, pay, price, sell, type Sold, subscribe, unique, until } from './harness.ts';
import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { billingService } from '../../apps/billing/src/billing.module.ts';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';

const DAY_MS = 86_400_000;

describe('subscriptions', () => {
  let app: TestApp;
  let second: TestApp;
  let plan: Sold;
  let monthly: string;
  const clock = new MovableClock();

  beforeAll(async () => {
    const services = [gatewayService, licensingService, billingService];
    app = await startApp({ services, clock });
    second = await startApp({ services, clock, databaseUrl: app.databaseUrl });
    await openBooks(app);
    plan = await sell(app, { max_activations: 3 });
    monthly = await price(app, plan);
  });
  afterAll(async () => {
    await second?.close();
    await app?.close();
  });

  const post = (id: unknown, action: string, body: Fields = {}, headers: Record<string, string> = {}) =>
    app.call('POST', `/subscriptions/${String(id)}/${action}`, body, headers);
  const read = async (id: unknown): Promise<Fields> =>
    (await app.call('GET', `/subscriptions/${String(id)}`)).body as Fields;
  const invoiceOf = async (subscription: Fields): Promise<Fields> =>
    (await app.call('GET', `/admin/invoices/${String(subscription['latest_invoice_id'])}`)).body as Fields;
  const days = (count: number): void => clock.pass(count * DAY_MS);
  /** Subscribes and pays. */
  const active = async (over: Fields = {}): Promise<Fields> => {
    const { status, body } = await subscribe(app, { price_id: monthly, ...over });
    expect([status, (body as Fields)['status']]).toEqual([201, 'pending_payment']);
    expect((await pay(app, (body as Fields)['latest_invoice_id'], { paid_at: clock.now().toISOString() })).status).toBe(
      200,
    );
    return until(app, (body as Fields)['id'], { status: 'active' });
  };

  it('wait for their first payment, and give the period from its arrival', async () => {
    const { body } = await subscribe(app, { price_id: monthly });
    expect(body).toMatchObject({
      status: 'pending_payment',
      provider: 'bank_transfer',
      biller: 'keyledger',
      current_period_start: null,
      payment_id: null,
    });
    expect(await invoiceOf(body)).toMatchObject({
      status: 'open',
      total: 1_190,
      subscription_id: body.id,
      taxes: [{ rate: '19', amount: 190 }],
    });
    await pay(app, body.latest_invoice_id, { paid_at: clock.now().toISOString() });
    const started = await until(app, body.id, { status: 'active' });
    expect(started['current_period_start']).not.toBeNull();
    expect(started['billing_anchor']).toBe(started['current_period_start']);
    const past = await app.call('GET', `/subscriptions/${body.id}?as_of=${body.updated_at}`);
    expect(past.body.status).toBe('pending_payment');
  });

  it('are one for each subscriber and product, however many ask at once through two instances', async () => {
    const subscriber = unique('acme/many');
    const asked = { subscriber, email: `${unique()}@example.com`, price_id: monthly };
    const replies = await Promise.all(
      Array.from({ length: 50 }, (_, n) => subscribe(n % 2 === 0 ? app : second, asked)),
    );
    const made = replies.filter(({ status }) => status === 201);
    const refused = replies.filter(({ status }) => status === 409);
    expect([made.length, refused.length]).toEqual([1, 49]);
    const id = made[0]?.body.id as string;
    expect(new Set(refused.map(({ body }) => `${body.code} ${body.subscription_id}`))).toEqual(
      new Set([`SUBSCRIPTION_EXISTS ${id}`]),
    );
    const { body } = await app.call('GET', `/admin/invoices?subscriber=${encodeURIComponent(subscriber)}`);
    expect(body.data).toHaveLength(1);
  });

  it('keep their plan, and so does a price; a plan that nothing uses is deleted in both services', async () => {
    const [sold, granted, unused] = [await sell(app), await sell(app), await sell(app)];
    const remove = ({ plan_id }: Sold) => app.call('DELETE', `/admin/plans/${plan_id}`);
    const price_id = await price(app, sold, { amount: 0 });
    const { body: subscription } = await subscribe(app, { price_id });
    const grant = { user: `${unique()}@example.com`, plan_id: granted.plan_id, reason: 'test' };
    const given = await app.create('/admin/grants', grant);
    const { pool } = app.app.nest.select(licensingService.module).get<ServiceDatabase>(DATABASE, { strict: false });
    const count = async (table: string, id: unknown): Promise<number | null> =>
      (await pool.query(`select from ${table} where id = $1`, [id])).rowCount;
    // Licensing hears of sales a moment later.
    for (const id of [price_id, subscription.id, given['subscription_id']])
      await eventually(async () => (await count('licensing.plan_sales', id)) === 1);
    expect(await remove(sold)).toMatchObject({
      status: 409,
      body: { code: 'PLAN_IN_USE', used_by: { prices: [price_id], subscriptions: [subscription.id] } },
    });
    expect(await remove(granted)).toMatchObject({
      status: 409,
      body: { used_by: { subscriptions: [given['subscription_id']] } },
    });
    expect((await remove(unused)).status).toBe(204);
    const gone = { status: 404, body: { code: 'PLAN_NOT_FOUND' } };
    await eventually(async () => (await count('billing.plans', unused.plan_id)) === 0);
    expect(
      await app.call('POST', '/admin/prices', { plan_id: unused.plan_id, amount: 100, currency: 'eur' }),
    ).toMatchObject(gone);
    expect(await app.call('POST', '/admin/grants', { ...grant, plan_id: unused.plan_id })).toMatchObject(gone);
  });

  it('may be several where the product allows it', async () => {
    const other = await sell(app, {}, { allow_multiple_subscriptions: true });
    const price_id = await price(app, other, { amount: 0 });
    const subscriber = unique('acme/several');
    // Billing hears of the product a moment later.
    await eventually(async () => (await subscribe(app, { subscriber, price_id })).status === 201);
    expect((await subscribe(app, { subscriber, price_id })).status).toBe(201);
  });

  it('that are free are active at once, without an invoice or a provider', async () => {
    const price_id = await price(app, await sell(app), { amount: 0 });
    const { status, body } = await subscribe(app, { price_id, provider: 'hyperswitch' });
    expect([status, body.status, body.provider, body.latest_invoice_id]).toEqual([201, 'active', 'none', null]);
  });

  it('have one trial for each customer and product, whatever the spelling of the address', async () => {
    const price_id = await price(app, await sell(app), { trial_days: 14 });
    const name = unique('ada');
    const first = await subscribe(app, { price_id, email: `${name}@example.com` });
    expect(first.body).toMatchObject({ status: 'trialing', latest_invoice_id: null });
    expect(Date.parse(first.body.trial_end) - Date.parse(first.body.trial_start)).toBe(14 * DAY_MS);
    const again = await subscribe(app, { price_id, email: `${name.toUpperCase()}@EXAMPLE.com` });
    expect(again.body).toMatchObject({ status: 'pending_payment', customer_id: first.body.customer_id });
  });

  it('need a provider that is configured', async () => {
    const { status, body } = await subscribe(app, { price_id: monthly, provider: 'stripe' });
    expect([status, body.code]).toEqual([503, 'PAYMENT_PROVIDER_NOT_CONFIGURED']);
  });

  it('renew, fall past due, are reminded, lose their grace, recover', async () => {
    const started = await active();
    const { id } = started;
    const first = started['latest_invoice_id'];
    clock.pass(Date.parse(String(started['current_period_end'])) - clock.now().getTime());
    const renewing = await eventually(async () => {
      const now = await read(id);
      return now['latest_invoice_id'] === first ? undefined : now;
    });
    expect(renewing).toMatchObject({ status: 'active', current_period_start: started['current_period_end'] });
    days(14.1);
    const late = await until(app, id, { status: 'past_due' });
    expect(late['past_due_at']).toBe((await invoiceOf(late))['due_at']);
    days(8);
    const license = `/admin/licenses/${String(started['license_id'])}`;
    await eventually(async () => (await app.call('GET', license)).body.status === 'suspended');
    await pay(app, renewing['latest_invoice_id'], { paid_at: clock.now().toISOString() });
    const recovered = await until(app, id, { status: 'active' });
    expect(recovered['past_due_at']).toBeNull();
    await eventually(async () => (await app.call('GET', license)).body.status === 'active');
  });

  it('are canceled when they stay unpaid, and their invoice is written off', async () => {
    const started = await active();
    clock.pass(Date.parse(String(started['current_period_end'])) - clock.now().getTime());
    await eventually(async () => (await read(started['id']))['latest_invoice_id'] !== started['latest_invoice_id']);
    days(14.1);
    await until(app, started['id'], { status: 'past_due' });
    days(31);
    const ended = await until(app, started['id'], { status: 'canceled' });
    await eventually(async () => (await invoiceOf(ended))['status'] === 'uncollectible');
    // The money arrives after all: it pays the first period of a new subscription, with a license of its own.
    expect((await pay(app, ended['latest_invoice_id'], { paid_at: clock.now().toISOString() })).status).toBe(200);
    const of = encodeURIComponent(String(started['subscriber']));
    const again = await eventually(async () => {
      const live = await app.call('GET', `/subscriptions/active?subscriber=${of}&product_id=${plan.product_id}`);
      return live.status === 200 ? live.body : undefined;
    });
    expect(again).toMatchObject({ status: 'active', price_id: monthly });
    expect(again.license_id).not.toBe(started['license_id']);
    expect((await read(started['id']))['status']).toBe('canceled');
  });

  it('are not begun anew by late money if the plan says so: it becomes credit', async () => {
    const strict = await sell(app, { late_payment_policy: 'refund' });
    const started = await active({ price_id: await price(app, strict) });
    clock.pass(Date.parse(String(started['current_period_end'])) - clock.now().getTime());
    await eventually(async () => (await read(started['id']))['latest_invoice_id'] !== started['latest_invoice_id']);
    days(14.1);
    await until(app, started['id'], { status: 'past_due' });
    days(31);
    const ended = await until(app, started['id'], { status: 'canceled' });
    await eventually(async () => (await invoiceOf(ended))['status'] === 'uncollectible');
    await pay(app, ended['latest_invoice_id'], { paid_at: clock.now().toISOString() });
    const customer = `/admin/customers/${String(started['customer_id'])}`;
    await eventually(async () => JSON.stringify((await app.call('GET', customer)).body).includes('1190'));
  });

  it('expire when the first payment does not arrive; the invoice is voided and the subscriber may subscribe again', async () => {
    const { body } = await subscribe(app, { price_id: monthly });
    days(29);
    const ended = await until(app, body.id, { status: 'expired' });
    await eventually(async () => (await invoiceOf(ended))['status'] === 'void');
    expect((await subscribe(app, { subscriber: body.subscriber, price_id: monthly })).status).toBe(201);
  });

  it('change for what the preview said, to the cent', async () => {
    const yearly = await price(app, plan, { amount: 10_000, interval: 'year' });
    const started = await active();
    days(3);
    const preview = await post(started['id'], 'preview', { price_id: yearly, when: 'now' });
    expect(preview.body.lines.map(({ proration }: Fields) => proration)).toEqual([true, true]);
    clock.pass(60_000);
    const asked = { price_id: yearly, when: 'now', preview_id: preview.body.preview_id };
    const changed = await post(started['id'], 'change-plan', asked);
    expect([changed.status, changed.body.price_id]).toEqual([200, yearly]);
    expect((await invoiceOf(changed.body))['amount_due']).toBe(preview.body.amount_due);
    const stale = await post(started['id'], 'change-plan', asked);
    expect([stale.status, stale.body.code]).toEqual([409, 'PREVIEW_STALE']);
  });

  it('refuse a preview that is too old, and two changes with the same If-Match', async () => {
    const started = await active();
    const { headers } = await app.call('GET', `/subscriptions/${String(started['id'])}`);
    const preview = await post(started['id'], 'preview', { quantity: 2, when: 'now' });
    clock.pass(16 * 60_000);
    const old = await post(started['id'], 'change-plan', {
      quantity: 2,
      when: 'now',
      preview_id: preview.body.preview_id,
    });
    expect([old.status, old.body.code]).toEqual([409, 'PREVIEW_EXPIRED']);
    const change = (quantity: number) =>
      post(started['id'], 'change-plan', { quantity, when: 'now' }, { 'if-match': String(headers['etag']) });
    const replies = await Promise.all([change(2), change(3)]);
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 412]);
  });

  it('make and charge every one of several changes at once, if no version was asked for', async () => {
    const started = await active();
    const change = (quantity: number) => post(started['id'], 'change-plan', { quantity, when: 'now' });
    const replies = await Promise.all([2, 3, 4, 5].map(change));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const { body } = await app.call('GET', `/admin/invoices?subscription_id=${String(started['id'])}`);
    expect(body.data).toHaveLength(5);
    const net = (body.data as { subtotal: number }[]).reduce((sum, { subtotal }) => sum + subtotal, 0);
    const now = await read(started['id']);
    // Nearly the whole period was left.
    expect(Math.abs(net - 1_000 * Number(now['quantity']))).toBeLessThanOrEqual(4);
    expect((await post(started['id'], 'cancel', { when: 'now' })).status).toBe(200);
  });

  it('preview a change of the interval at the end of the period with the period that it will have', async () => {
    const started = await active();
    const yearly = await price(app, plan, { interval: 'year', amount: 10_000 });
    const { body } = await post(started['id'], 'preview', { price_id: yearly, when: 'period_end' });
    const end = String(started['current_period_end']);
    expect(body.lines).toMatchObject([
      { amount: 10_000, period_start: end, period_end: `${Number(end.slice(0, 4)) + 1}${end.slice(4)}` },
    ]);
  });

  it('credit what a smaller quantity leaves over', async () => {
    const started = await active({ quantity: 3 });
    const changed = await post(started['id'], 'change-plan', { quantity: 1, when: 'now' });
    expect(changed.body.quantity).toBe(1);
    const credit = await invoiceOf(changed.body);
    expect(Number(credit['total'])).toBeLessThan(0);
    const customer = await app.call('GET', `/admin/customers/${String(started['customer_id'])}`);
    expect(JSON.stringify(customer.body)).toContain(String(-Number(credit['total'])));
  });

  it('refuse less than what is in use', async () => {
    const started = await active({ quantity: 2 });
    const license_id = String(started['license_id']);
    await eventually(async () => (await app.call('GET', `/admin/licenses/${license_id}`)).status === 200);
    const { body } = await app.call('POST', `/admin/licenses/${license_id}/reveal-key`);
    for (let n = 0; n < 4; n++)
      expect(
        (await app.call('POST', '/license/activate', { license_key: body.license_key, identifier: `device-${n}` }))
          .status,
      ).toBe(201);
    const refused = await eventually(async () => {
      const reply = await post(started['id'], 'preview', { quantity: 1, when: 'now' });
      return reply.status === 409 ? reply : undefined;
    });
    expect(refused.body).toMatchObject({ code: 'IN_USE', activations: { used: 4, max: 3 } });
    expect((await post(started['id'], 'change-plan', { quantity: 1, when: 'period_end' })).status).toBe(200);
  });

  it('are canceled with their period or now, resumed before, paused and unpaused', async () => {
    const started = await active();
    const { id } = started;
    expect((await post(id, 'cancel', { when: 'period_end', reason: 'moving' })).body.cancel_at_period_end).toBe(true);
    expect((await post(id, 'resume')).body.cancel_at_period_end).toBe(false);
    expect((await post(id, 'pause')).body.status).toBe('paused');
    days(10);
    const resumed = (await post(id, 'unpause')).body as Fields;
    const longer =
      Date.parse(String(resumed['current_period_end'])) - Date.parse(String(started['current_period_end']));
    expect(Math.round(longer / DAY_MS)).toBe(10);
    expect((await post(id, 'cancel', { when: 'now' })).body.status).toBe('canceled');
    expect((await post(id, 'resume')).body.code).toBe('INVALID_TRANSITION');
  });

  it('end with a full refund of their period; the license is revoked', async () => {
    const started = await active();
    await eventually(
      async () => (await app.call('GET', `/admin/licenses/${String(started['license_id'])}`)).status === 200,
    );
    expect((await post(started['id'], 'refund', { amount: 100 })).status).toBe(200);
    expect((await read(started['id']))['status']).toBe('active');
    expect((await post(started['id'], 'refund', { amount: 5_000 })).body.code).toBe('REFUND_EXCEEDS_PAYMENT');
    await post(started['id'], 'refund');
    await until(app, started['id'], { status: 'canceled' });
    await eventually(
      async () => (await app.call('GET', `/admin/licenses/${String(started['license_id'])}`)).body.status === 'revoked',
    );
  });

  it('are refunded with a credit note, so that nothing can be credited again, and once for an Idempotency-Key', async () => {
    const started = await active();
    const path = `/admin/invoices/${String(started['latest_invoice_id'])}`;
    const key = { 'idempotency-key': unique() };
    for (const _ of [1, 2]) expect((await post(started['id'], 'refund', { amount: 100 }, key)).status).toBe(200);
    expect((await app.call('GET', path)).body).toMatchObject({ amount_refunded: 100, credit_notes: [{ total: 100 }] });
    await post(started['id'], 'refund');
    expect((await app.call('POST', `${path}/credit-notes`, { reason: 'again' })).body.code).toBe(
      'CREDIT_EXCEEDS_INVOICE',
    );
  });

  it('leave nothing behind when they are refused, not even a customer', async () => {
    const unsold = await sell(app);
    const unsold_price = await price(app, unsold);
    await app.call('PATCH', `/admin/plans/${unsold.plan_id}`, { active: false });
    await eventually(async () => (await subscribe(app, { price_id: unsold_price })).body.code === 'PLAN_INACTIVE');
    const once = await price(app, plan, { interval: null });
    const code = async (fields: Fields): Promise<string> => {
      const codes = [unique('REFUSED')];
      await app.create('/admin/coupons', { name: 'C', percent_off: '10', duration: 'once', codes, ...fields });
      return codes[0] ?? '';
    };
    const used = await code({ max_redemptions: 1 });
    expect((await subscribe(app, { price_id: monthly, coupon: used })).status).toBe(201);
    const refusals: readonly [string, Fields][] = [
      ['PLAN_NOT_FOUND', { plan_id: 'plan_01kxxxxxxxxxxxxxxxxxxxxxxx' }],
      ['PRICE_NOT_FOUND', { price_id: monthly, plan_id: unsold.plan_id }],
      ['PRICE_NOT_RECURRING', { price_id: once }],
      ['PAYMENT_PROVIDER_NOT_CONFIGURED', { price_id: monthly, provider: 'btcpay' }],
      ['COUPON_NOT_FOUND', { price_id: monthly, coupon: 'NONE' }],
      ['COUPON_EXPIRED', { price_id: monthly, coupon: await code({ redeem_by: '2020-01-01T00:00:00Z' }) }],
      ['COUPON_USED_UP', { price_id: monthly, coupon: used }],
      ['COUPON_NOT_APPLICABLE', { price_id: monthly, coupon: await code({ plans: [unsold.plan_id] }) }],
      ['PLAN_INACTIVE', { price_id: unsold_price, coupon: await code({}) }],
    ];
    for (const [refused, over] of refusals) {
      const email = `${unique()}@example.com`;
      expect((await subscribe(app, { email, ...over })).body.code).toBe(refused);
      const found = await app.call('GET', `/admin/customers?email=${email}`);
      expect([refused, found.body.data]).toEqual([refused, []]);
    }
  });

  it('refund a part once for one If-Match at the same time', async () => {
    const started = await active();
    const { headers } = await app.call('GET', `/subscriptions/${String(started['id'])}`);
    const refunds = await Promise.all(
      [1, 2].map(() => post(started['id'], 'refund', { amount: 100 }, { 'if-match': String(headers['etag']) })),
    );
    expect(refunds.map(({ status }) => status).toSorted()).toEqual([200, 412]);
    const invoice = await app.call('GET', `/admin/invoices/${String(started['latest_invoice_id'])}`);
    expect(invoice.body.amount_refunded).toBe(100);
  });

  it('do nothing for an If-Match that is stale', async () => {
    const started = await active();
    const { id: coupon } = await app.create('/admin/coupons', {
      name: 'Late',
      percent_off: '10',
      duration: 'once',
      codes: [unique('LATE')],
    });
    const { codes } = (await app.call('GET', `/admin/coupons/${String(coupon)}`)).body;
    const before = await read(started['id']);
    const actions = [
      ['refund', {}],
      ['coupon', { code: codes[0] }],
      ['coupon', { code: null }],
      ['cancel', { when: 'now' }],
      ['change-plan', { quantity: 2, when: 'now' }],
      ['pause', {}],
    ] as const;
    for (const [action, body] of actions)
      expect([action, (await post(started['id'], action, body, { 'if-match': '"1"' })).status]).toEqual([action, 412]);
    expect(await read(started['id'])).toEqual(before);
    const invoice = await app.call('GET', `/admin/invoices/${String(started['latest_invoice_id'])}`);
    expect(invoice.body.amount_refunded).toBe(0);
    await post(started['id'], 'cancel', { when: 'now' });
    expect((await post(started['id'], 'coupon', { code: codes[0] })).body.code).toBe('INVALID_TRANSITION');
    expect((await app.call('GET', `/admin/coupons/${String(coupon)}`)).body.redemptions).toBe(0);
  });

  it('need no subscription if they are bought once: the licenses and their keys go to the customer', async () => {
    const tool = await sell(app, { license_type: 'perpetual', billing_interval: null, updates_days: 365 });
    const once = await price(app, tool, { interval: null, amount: 4_900 });
    const email = `${unique()}@example.com`;
    const { id: customer_id } = await app.create('/admin/customers', { email, name: 'Ada' });
    const { id } = await app.create('/admin/invoices', {
      customer_id,
      currency: 'eur',
      lines: [{ price_id: once, quantity: 2 }],
    });
    await app.call('POST', `/admin/invoices/${String(id)}/finalize`);
    await pay(app, id, { paid_at: clock.now().toISOString() });
    const licenses = await eventually(async () => {
      const { body } = await app.call('GET', `/admin/licenses?product_id=${tool.product_id}`);
      return body.data.length === 2 ? (body.data as Fields[]) : undefined;
    });
    expect((await app.call('GET', `/admin/invoices/${String(id)}`)).body.lines).toMatchObject([
      { description: 'Team' },
    ]);
    await app.call('PATCH', `/admin/prices/${once}`, { active: false });
    const lines = [{ price_id: once, quantity: 1 }];
    const unsold = await app.call('POST', '/admin/invoices', { customer_id, currency: 'eur', lines });
    expect([unsold.status, unsold.body.code]).toEqual([409, 'PRICE_INACTIVE']);
    for (const license of licenses)
      expect(license).toMatchObject({ customer_id, email, name: 'Ada', invoice_id: id, valid_until: null });
  });

  it('are found by subscriber, plan, price, license and status', async () => {
    const started = await active();
    const { id, subscriber, license_id } = started;
    const found = async (query: string) =>
      ((await app.call('GET', `/subscriptions?${query}`)).body.data as Fields[]).map((one) => one['id']);
    const of = encodeURIComponent(String(subscriber));
    expect(await found(`subscriber=${of}`)).toEqual([id]);
    expect(await found(`license_id=${String(license_id)}`)).toEqual([id]);
    expect(await found(`plan_id=${plan.plan_id}&status=active`)).toContain(id);
    const live = await app.call('GET', `/subscriptions/active?subscriber=${of}&product_id=${plan.product_id}`);
    expect(live.body.id).toBe(id);
    const none = await app.call('GET', `/subscriptions/active?subscriber=nobody&product_id=${plan.product_id}`);
    expect([none.status, none.body.code]).toEqual([404, 'SUBSCRIPTION_NOT_FOUND']);
  });

  it('get the discount of a coupon, whose place is free again if they never begin', async () => {
    const code = unique('HALF').toUpperCase();
    await app.create('/admin/coupons', {
      name: 'Half',
      percent_off: '50',
      duration: 'once',
      max_redemptions: 1,
      codes: [code],
    });
    const { body } = await subscribe(app, { price_id: monthly, coupon: code });
    expect(body.discount).toMatchObject({ name: 'Half', percent_off: '50' });
    expect(await invoiceOf(body)).toMatchObject({ subtotal: 1_000, total: 595, discounts: [{ amount: 500 }] });
    const second = await subscribe(app, { price_id: monthly, coupon: code });
    expect([second.status, second.body.code]).toEqual([409, 'COUPON_USED_UP']);
    await app.call('POST', `/subscriptions/${body.id}/cancel`, { when: 'now' });
    days(30);
    const none = await subscribe(app, { price_id: monthly, coupon: 'NONE' });
    expect([none.status, none.body.code]).toEqual([404, 'COUPON_NOT_FOUND']);
  });

  describe('of customers for whose country no rate of tax is known', () => {
    const subscribeIn = async (country: string): Promise<Reply> => {
      const email = `${unique('abroad')}@example.com`;
      await app.create('/admin/customers', { email, address: { country } });
      return subscribe(app, { price_id: monthly, email });
    };
    const rates = (countries: readonly string[]): Promise<Reply> =>
      app.call(
        'PUT',
        '/admin/tax-rates',
        countries.map((country) => ({ country, rate: '19', name: 'VAT', valid_from: '2021-01-01T00:00:00.000Z' })),
      );

    it('are not sold within the EU, and without tax outside', async () => {
      const refused = await subscribeIn('FR');
      expect([refused.status, refused.body]).toMatchObject([409, { code: 'TAX_RATE_MISSING', country: 'FR' }]);
      expect(await invoiceOf((await subscribeIn('US')).body)).toMatchObject({ total: 1_000, taxes: [{ amount: 0 }] });
    });

    it('renew, which is told; their invoice follows when the rate is known, and changes are refused until then', async () => {
      const started = await active();
      const { id, latest_invoice_id } = started;
      const address = { country: 'FR' };
      await app.call('PATCH', `/admin/customers/${String(started['customer_id'])}`, { address });
      const change = await post(id, 'change-plan', { quantity: 2, when: 'now' });
      expect([change.status, change.body.code]).toEqual([409, 'TAX_RATE_MISSING']);
      clock.pass(Date.parse(String(started['current_period_end'])) - clock.now().getTime());
      const renewed = await eventually(async () => {
        const now = await read(id);
        return now['latest_invoice_id'] === latest_invoice_id ? undefined : now;
      });
      const told = await eventually(async () => {
        const { body } = await app.call('GET', `/events?types=subscription.invoice_blocked&subject=${String(id)}`);
        return (body.data as Fields[])[0];
      });
      const invoice_id = renewed['latest_invoice_id'];
      expect(told['data']).toMatchObject({ invoice_id, reason: 'TAX_RATE_MISSING', country: 'FR' });
      expect((await app.call('GET', `/admin/invoices/${String(invoice_id)}`)).status).toBe(404);
      await rates(['DE', 'FR']);
      await post(id, 'complete');
      expect(await invoiceOf(await read(id))).toMatchObject({ status: 'open', taxes: [{ rate: '19' }] });
      await rates(['DE']);
    });
  });

  it('are sold by plans that are active, and only by those', async () => {
    const old = await sell(app);
    const price_id = await price(app, old);
    await app.call('PATCH', `/admin/plans/${old.plan_id}`, { active: false });
    const plans = async (query: string) =>
      ((await app.call('GET', `/admin/plans?product_id=${old.product_id}&${query}`)).body.data as Fields[]).length;
    expect([await plans('active=true'), await plans('active=false')]).toEqual([0, 1]);
    await eventually(async () => (await subscribe(app, { price_id })).body.code === 'PLAN_INACTIVE');
  });

  it('refuse what they cannot be', async () => {
    const refused = async (over: Fields) => {
      const { status, body } = await subscribe(app, { price_id: monthly, ...over });
      return `${status} ${String(body.code)}`;
    };
    expect(await refused({ quantity: 0 })).toBe('400 VALIDATION_FAILED');
    expect(await refused({ quantity: 1.5 })).toBe('400 VALIDATION_FAILED');
    expect(await refused({ subscriber: '' })).toBe('400 VALIDATION_FAILED');
    expect(await refused({ price_id: 'price_01jd30a1b3c5d7e9f2g4h6j8km' })).toBe('404 PRICE_NOT_FOUND');
    const once = await price(app, plan, { interval: undefined });
    expect(await refused({ price_id: once })).toBe('400 PRICE_NOT_RECURRING');
    expect(await refused({ price_id: undefined, plan_id: plan.plan_id })).toBe('400 PRICE_REQUIRED');
  });

  it('leave books in which everything adds up', async () => {
    await checkBooks({ ...app, clock });
  });
});

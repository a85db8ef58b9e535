import { licenseOfPurchase, licenseOfSubscription } from '#domain/shared/license-of';
import { newId } from '#domain/shared/id';
import { addDays } from '#domain/shared/time';
import type { PublishedEvent } from '#events/event';
import { contractsByType, readPublished } from '#events/publish';
import { createMasterKey } from '#platform/crypto/master-key';
import { sealRecipient } from '#platform/crypto/recipient';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import { eventually, startApp, type TestApp } from '../../../../test/support/app.ts';
import { BillingLog, billingStandIn } from '../../../../test/support/billing-log.ts';
import { MovableClock } from '../../../../test/support/clock.ts';
import { type ReceivedMail, startSmtp, type TestSmtp } from '../../../../test/support/smtp.ts';
import { gatewayService } from '../../../gateway/src/gateway.module.ts';
import { licensingService } from '../licensing.module.ts';
import { FollowSubscriptions } from './follow-subscriptions.ts';
import { IssuePurchases } from './issue-purchases.ts';

type Fields = Record<string, unknown>;
const DAY = 86_400_000;
const SERVICES = [gatewayService, licensingService, billingStandIn];
/** Another service of the installation derives the same key. */
const masterKey = createMasterKey(Buffer.alloc(32, 42));

describe('licenses of subscriptions and purchases', () => {
  const clock = new MovableClock();
  let smtp: TestSmtp;
  let app: TestApp;
  let billing: BillingLog;
  let database: ServiceDatabase;
  let product: string;
  let count = 0;

  const newPlan = async (over: Fields = {}): Promise<string> => {
    const shape = { name: 'Pro', slug: `pro-${++count}`, license_type: 'subscription', license_model: 'standard' };
    const plan = { product_id: product, ...shape, billing_interval: 'month', max_activations: 2, ...over };
    return String((await app.create('/admin/plans', plan))['id']);
  };
  const read = async (license: string): Promise<Fields> =>
    (await app.call('GET', `/admin/licenses/${license}`)).body as Fields;
  const shows = (license: string, expected: Fields): Promise<Fields> =>
    eventually(async () => {
      const found = await read(license);
      return Object.entries(expected).every(([field, value]) => found[field] === value) && found;
    });
  const history = async (license: string): Promise<string[]> =>
    ((await app.call('GET', `/admin/licenses/${license}/events?limit=100`)).body as { data: Fields[] }).data.map(
      ({ type }) => String(type),
    );
  const mailsTo = (email: string): ReceivedMail[] => smtp.received.filter(({ to }) => to.includes(email));
  const recipient = (subject: string, email: string, locale: string | null = null): string =>
    sealRecipient(masterKey, { email, name: 'Ada', locale }, subject);
  const now = (): string => clock.now().toISOString();
  const licenses = async (): Promise<Fields[]> =>
    (await database.pool.query<Fields>('select * from licensing.licenses order by id')).rows;
  /** The number of mails that were sent or wait to be sent. */
  const mailsOf = async (): Promise<number> => {
    const { rows } = await database.pool.query<{ count: number }>(
      'select (select count(*) from licensing.mails)::int + (select count(*) from licensing.sent_mails)::int as count',
    );
    return rows[0]?.count ?? 0;
  };
  const mailing = (): Record<string, string> => ({
    KEYLEDGER_SMTP_URL: smtp.url,
    KEYLEDGER_MAIL_FROM: 'licenses@example.com',
  });

  /** A subscription in billing: its license, and its events. */
  const subscribe = async (plan_id: string, email: string, over: Fields = {}) => {
    const id = newId('sub');
    const license = licenseOfSubscription(id);
    let of: Fields = {
      product_id: product,
      plan_id,
      price_id: null,
      subscriber: 'acme/ada',
      customer_id: newId('cus'),
      license_id: license,
      quantity: 1,
      status: 'active',
      provider: 'bank_transfer',
    };
    const say = async (type: string, more: Fields = {}, changed: Fields = {}): Promise<void> => {
      of = { ...of, ...changed };
      await billing.append(id, { type: `subscription.${type}`, ...of, ...more });
    };
    const start = now();
    const end = addDays(start, 30);
    await say('created', {}, { status: 'pending_payment' });
    await say(
      'activated',
      {
        period_start: start,
        period_end: end,
        valid_until: end,
        trial: false,
        recipient_sealed: recipient(id, email, 'de'),
        ...over,
      },
      { status: 'active' },
    );
    await shows(license, { id: license });
    return { id, license, say, start, end };
  };

  /** A paid one-off invoice. */
  const buy = async (lines: readonly Fields[], email: string): Promise<string> => {
    const id = newId('inv');
    const all = lines.map((line, n) => ({
      line: n + 1,
      kind: 'one_time',
      product_id: product,
      price_id: null,
      license_id: null,
      quantity: 1,
      amount: 1_000,
      ...line,
    }));
    await billing.append(id, {
      type: 'invoice.paid',
      customer_id: newId('cus'),
      subscription_id: null,
      subscriber: null,
      provider: 'bank_transfer',
      paid_at: now(),
      lines: all,
      recipient_sealed: recipient(id, email),
    });
    return id;
  };

  /** Every event of billing, as a subscription gets it from the beginning. */
  const allEvents = async (): Promise<readonly PublishedEvent[]> => {
    const { events } = await readPublished(database.pool, 'billing', contractsByType(billingStandIn.publishes), {
      after: 0,
      limit: 10_000,
    });
    return events;
  };

  beforeAll(async () => {
    smtp = await startSmtp();
    app = await startApp({
      clock,
      services: SERVICES,
      env: mailing(),
    });
    billing = app.app.nest.get(BillingLog);
    database = app.app.nest.select(licensingService.module).get<ServiceDatabase>(DATABASE, { strict: false });
    product = String((await app.create('/admin/products', { name: 'Studio', slug: 'studio', type: 'hybrid' }))['id']);
  });
  afterEach(() => clock.reset());
  afterAll(async () => {
    await app.close();
    await smtp.close();
  });

  it('follow the money from the first payment to a refund', async () => {
    const plan = await newPlan({ max_activations: 1 });
    const { id, license, say, end } = await subscribe(plan, 'ada@example.com');
    expect(await read(license)).toMatchObject({
      plan_id: plan,
      email: 'ada@example.com',
      name: 'Ada',
      external_customer_id: 'acme/ada',
      status: 'active',
      valid_until: end,
      subscription_id: id,
      payment_provider: 'bank_transfer',
      invoice_id: null,
      quantity: 1,
      past_due_at: null,
    });
    const list = await app.call('GET', `/admin/licenses?subscription_id=${id}`);
    expect((list.body as { data: Fields[] }).data.map((one) => one['id'])).toEqual([license]);

    // The key arrives by mail, in the language of the customer, and works.
    const [mail] = await eventually(() => mailsTo('ada@example.com').length > 0 && mailsTo('ada@example.com'));
    const license_key = String((await app.call('POST', `/admin/licenses/${license}/reveal-key`, {})).body.license_key);
    expect(mail?.text).toContain(license_key);
    expect(mail?.headers).toContain('Lizenz');
    const ask = async (path: string, more: Fields = {}) =>
      (await app.call('POST', `/license/${path}`, { license_key, ...more }, { authorization: undefined })).body;
    await ask('activate', { identifier: 'one' });
    expect(await ask('verify', { identifier: 'one' })).toMatchObject({ valid: true, code: 'VALID' });

    // The renewal: first until the invoice is due, then for the whole period.
    const due = addDays(end, 14);
    const next = addDays(end, 30);
    const period = { period_start: end, period_end: next };
    const invoice_id = newId('inv');
    await say('renewal_invoiced', { ...period, invoice_id, due_at: due, valid_until: due });
    await shows(license, { valid_until: due, status: 'active' });
    await say('renewed', { ...period, invoice_id, valid_until: next });
    await shows(license, { valid_until: next, status: 'active' });

    // A missing payment, and the payment.
    clock.pass(60 * DAY);
    await say('past_due', { invoice_id, past_due_at: next, grace_until: addDays(next, 7) }, { status: 'past_due' });
    await shows(license, { status: 'past_due', past_due_at: next });
    expect(await ask('verify', { identifier: 'one' })).toMatchObject({ valid: true, code: 'PAST_DUE_GRACE' });
    await say('grace_ended', { invoice_id, past_due_at: next });
    await shows(license, { status: 'suspended' });
    const later = addDays(next, 30);
    await say(
      'recovered',
      { invoice_id, period_start: next, period_end: later, valid_until: later },
      { status: 'active' },
    );
    await shows(license, { status: 'active', valid_until: later, past_due_at: null });

    // Another plan and three units: six devices.
    const team = await newPlan({ max_activations: 2 });
    await say(
      'plan_changed',
      { previous_plan_id: plan, previous_price_id: null, previous_quantity: 1, valid_until: later, invoice_id: null },
      { plan_id: team, quantity: 3 },
    );
    await shows(license, { plan_id: team, quantity: 3 });
    expect(await ask('activate', { identifier: 'two' })).toMatchObject({ activations: 2, max_activations: 6 });

    await say('paused', { resumes_at: null }, { status: 'paused' });
    await shows(license, { status: 'suspended' });
    const until = addDays(later, 5);
    await say('unpaused', { period_start: next, period_end: until, valid_until: until }, { status: 'active' });
    await shows(license, { status: 'active', valid_until: until });

    await say('refunded', { invoice_id, reason: null });
    await shows(license, { status: 'revoked' });
    expect(await ask('verify', { identifier: 'one' })).toMatchObject({ valid: false, code: 'REVOKED' });
    expect(mailsTo('ada@example.com')).toHaveLength(1);
  });

  it('stay suspended by an operator, whatever billing reports', async () => {
    const { license, say, end } = await subscribe(await newPlan(), 'grace@example.com');
    await app.call('POST', `/admin/licenses/${license}/suspend`, { reason: 'abuse' });
    const next = addDays(end, 30);
    await say('paused', { resumes_at: null }, { status: 'paused' });
    await say('unpaused', { period_start: end, period_end: next, valid_until: next }, { status: 'active' });
    await shows(license, { status: 'suspended', valid_until: next });
    await app.call('POST', `/admin/licenses/${license}/reinstate`, {});
    await shows(license, { status: 'active' });
  });

  it('end with the subscription, by the policy of the plan', async () => {
    const kept = await subscribe(await newPlan({ end_policy: 'keep' }), 'keep@example.com');
    const expired = await subscribe(await newPlan(), 'expire@example.com');
    for (const { say, end } of [kept, expired])
      await say('canceled', { reason: null, valid_until: end }, { status: 'canceled' });
    await shows(kept.license, { status: 'active', valid_until: null, updates_until: kept.end });
    await shows(expired.license, { status: 'canceled', valid_until: expired.end });
    clock.pass(31 * DAY);
    await shows(expired.license, { status: 'expired' });
    expect(await read(kept.license)).toMatchObject({ status: 'active' });
  });

  it('expire with the grace period if billing is silent, and not before', async () => {
    const { license, end } = await subscribe(await newPlan({ grace_days: 7 }), 'silent@example.com');
    clock.pass(33 * DAY);
    const other = await subscribe(await newPlan(), 'other@example.com');
    await shows(other.license, { status: 'active' });
    expect(await read(license)).toMatchObject({ status: 'active', valid_until: end });
    clock.pass(5 * DAY);
    await shows(license, { status: 'expired' });
    expect(await history(license)).not.toContain('license.past_due');
  });

  it('are perpetual when they were bought: one for each unit', async () => {
    const plan = await newPlan({ license_type: 'perpetual', billing_interval: null, updates_days: 365 });
    const invoice = await buy([{ plan_id: plan, quantity: 3 }], 'shop@example.com');
    const licenses = [0, 1, 2].map((unit) => licenseOfPurchase(invoice, 1, unit));
    for (const license of licenses)
      expect(await shows(license, { invoice_id: invoice })).toMatchObject({
        status: 'active',
        valid_until: null,
        subscription_id: null,
      });
    await eventually(() => mailsTo('shop@example.com').length === 3);

    // Maintenance of the first, an upgrade of the second.
    const [first = '', second = '', third = ''] = licenses;
    const { updates_until, valid_from } = await read(first);
    // By business time, not by that of the event.
    expect(Math.abs(Date.parse(String(valid_from)) - clock.now().getTime())).toBeLessThan(60_000);
    const better = await newPlan({ license_type: 'perpetual', billing_interval: null, updates_days: 730 });
    await buy(
      [
        { plan_id: plan, license_id: first },
        { plan_id: better, license_id: second },
      ],
      'shop@example.com',
    );
    await shows(first, { updates_until: addDays(String(updates_until), 365), plan_id: plan });
    await shows(second, { plan_id: better, valid_until: null });

    // A partial refund takes nothing back; a full one takes back what the invoice gave.
    const refunded = { type: 'invoice.refunded', subscription_id: null };
    await billing.append(invoice, { ...refunded, full: false });
    await billing.append(invoice, { ...refunded, full: true });
    for (const license of [first, second, third]) await shows(license, { status: 'revoked' });
  });

  it('do not change when all events of billing are delivered again', async () => {
    const { license, say, end } = await subscribe(await newPlan(), 'again@example.com');
    await say('disputed', { invoice_id: newId('inv'), dispute: 'opened' });
    await shows(license, { status: 'suspended' });
    await app.call('POST', `/admin/licenses/${license}/reinstate`, {});
    await shows(license, { status: 'active', valid_until: end });

    const before = await licenses();
    const sent = smtp.received.length;
    const events = await allEvents();
    const reactors = app.app.nest.select(licensingService.module);
    for (let time = 0; time < 2; time += 1) {
      await reactors
        .get(FollowSubscriptions, { strict: false })
        .on(events.filter(({ type }) => type.startsWith('sub')));
      await reactors.get(IssuePurchases, { strict: false }).on(events.filter(({ type }) => type.startsWith('inv')));
    }
    expect(await licenses()).toEqual(before);
    expect(events.length).toBeGreaterThan(20);
    expect(smtp.received).toHaveLength(sent);
  });

  it('do not change when checkpoints are lost, and another instance reads all events again', async () => {
    const { license, say, end } = await subscribe(await newPlan(), 'crash@example.com');
    const next = addDays(end, 30);
    await say('renewed', { period_start: end, period_end: next, invoice_id: null, valid_until: next });
    await shows(license, { valid_until: next });
    // The mails before it have been written too: one subscription writes them in order.
    await eventually(() => mailsTo('crash@example.com').length === 1);
    const before = await licenses();
    const sent = await mailsOf();
    const lost = `subscription in ('follow-subscriptions', 'issue-purchases', 'deliver-licenses')`;
    const position = async (): Promise<number> => {
      const { rows } = await database.pool.query<{ position: string }>(
        `select min(position) as position from licensing.checkpoints where ${lost}`,
      );
      return Number(rows[0]?.position);
    };
    const reached = await position();
    await database.pool.query(`update licensing.checkpoints set position = 0 where ${lost}`);
    const second = await startApp({ clock, services: SERVICES, databaseUrl: app.databaseUrl, env: mailing() });
    try {
      await eventually(async () => (await position()) >= reached);
      expect(await licenses()).toEqual(before);
      expect(await mailsOf()).toBe(sent);
    } finally {
      await second.close();
    }
  });

  it('are issued once when several instances handle the same event', async () => {
    const { license } = await subscribe(await newPlan(), 'twice@example.com');
    const lengthBefore = (await history(license)).length;
    const events = (await allEvents()).filter(({ data }) => data['license_id'] === license);
    const reactor = app.app.nest.select(licensingService.module).get(FollowSubscriptions, { strict: false });
    await Promise.all([reactor.on(events), reactor.on(events), reactor.on(events.slice(-1))]);
    expect(await history(license)).toHaveLength(lengthBefore);
  });

  it('are issued without an address when the sale names none', async () => {
    const { license } = await subscribe(await newPlan(), 'none@example.com', { recipient_sealed: null });
    expect(await read(license)).toMatchObject({ email: null, name: null, status: 'active' });
    expect(mailsTo('none@example.com')).toEqual([]);
  });
});

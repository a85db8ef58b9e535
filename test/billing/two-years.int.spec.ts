import { setTimeout } from 'node:timers/promises';
import { Global, Module } from '@nestjs/common';
import pg from 'pg';
import type { Time } from '#domain/shared/time';
import { wakeWork } from '#platform/background/wake-work';
import { TestClock } from '#platform/clock/test-clock';
import { billingService } from '../../apps/billing/src/billing.module.ts';
import { PAYMENT_PROVIDERS, type PaymentRequest } from '../../apps/billing/src/payments/provider.ts';
import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { checkBooks } from './checker.ts';
import { FakeProvider } from './fake-provider.ts';
import { type Fields, openBooks, pay, price, sell, type Sold, subscribe } from './harness.ts';

/** Declines the cards of some customers. */
class Cards extends FakeProvider {
  readonly declined = new Set<string>();

  override start(request: PaymentRequest): ReturnType<FakeProvider['start']> {
    if (this.declined.has(request.customer_id)) this.next.unshift('failed');
    return super.start(request);
  }
}

const clock = new TestClock();
clock.moveTo(new Date('2027-01-29T10:00:00.000Z'));
const cards = new Cards(clock);

@Global()
@Module({ providers: [{ provide: PAYMENT_PROVIDERS, useValue: [cards] }], exports: [PAYMENT_PROVIDERS] })
class Providers {}

/** An event with the business time at which it happened. */
interface Happened extends Fields {
  readonly at: Time;
  readonly stream: string;
  readonly type: string;
}

/** Time for billing between two looks, in milliseconds, and the number of looks after which a test fails. */
const WAKE_MS = 10;
const LOOKS = 1_000;

/** What billing waits for at a time: nothing of it is left when the clock moves on. */
const UNDONE = `
  select s.id from subscriptions s where s.due_at <= $1
  union all select invoice_id from uninvoiced_charges
  union all select document_id from unfinished_documents
  union all select i.id from invoices i where i.next_attempt_at <= $1
  union all select i.id from invoices i
    where i.status = 'open' and not i.overdue and i.due_at < $1 and i.next_attempt_at is null
      and (i.attempt > 0 or i.provider = 'bank_transfer')
  union all select i.id from invoices i join subscriptions s on s.id = i.subscription_id
    where s.state->'unpaid' ? i.id and (
      i.status in ('paid', 'void')
      or (i.overdue or i.attempt > 0) and i.status = 'open'
        and s.status in ('active', 'past_due') and not s.state->'overdue' ? i.id
      or i.status = 'open' and s.status in ('canceled', 'expired'))`;

const NEXT = `
  select least(
    (select min(due_at) from subscriptions where due_at > $1),
    (select min(next_attempt_at) from invoices where next_attempt_at > $1),
    (select min(due_at) + interval '1 millisecond' from invoices
      where status = 'open' and not overdue and provider = 'bank_transfer' and due_at >= $1)) as at`;

describe('two years of subscriptions', () => {
  let app: TestApp;
  let pool: pg.Pool;
  let plan: Sold;
  const happened: Happened[] = [];
  let position = 0;

  const now = (): Time => clock.now().toISOString();

  /** Waits until all is done that is due now, and notes what has happened. */
  const settle = async (): Promise<void> => {
    const undone = async (): Promise<boolean> => {
      await wakeWork(pool, 'billing', '');
      await setTimeout(WAKE_MS);
      return (await pool.query(UNDONE, [clock.now()])).rows.length > 0;
    };
    // One work makes what another one does: an invoice that was issued is collected.
    for (let looks = 0; await undone(); looks++) if (looks > LOOKS) throw new Error(`${now()}: something stays undone`);
    const { rows } = await pool.query<{ position: string; stream_id: string; type: string; data: Fields }>(
      `select position, stream_id, type, data from events where position > $1 order by position`,
      [position],
    );
    for (const { position: read, stream_id: stream, type, data } of rows) {
      position = Number(read);
      happened.push({ ...data, at: now(), stream, type });
    }
  };

  /** Moves the clock from one due time to the next, until `to`. */
  const passTo = async (to: Time): Promise<void> => {
    await settle();
    for (;;) {
      const { rows } = await pool.query<{ at: Date | null }>(NEXT, [clock.now()]);
      const [{ at } = { at: null }] = rows;
      if (at === null || at.toISOString() > to) break;
      clock.moveTo(at);
      await settle();
    }
    clock.moveTo(new Date(to));
    await settle();
  };

  const start = async (over: Fields): Promise<Fields> => {
    const { status, body } = await subscribe(app, { provider: 'hyperswitch', ...over });
    if (status !== 201) throw new Error(`${status} ${JSON.stringify(body)}`);
    return body as Fields;
  };
  const post = async (id: unknown, action: string, body: Fields = {}): Promise<Fields> => {
    const reply = await app.call('POST', `/subscriptions/${String(id)}/${action}`, body);
    if (reply.status !== 200) throw new Error(`${action}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply.body as Fields;
  };
  const of = ({ id }: Fields, ...types: string[]): Happened[] =>
    happened.filter(({ stream, type }) => stream === id && types.includes(type));
  /** Starts of all periods of a subscription. */
  const starts = (subscription: Fields): unknown[] =>
    of(subscription, 'subscription.activated', 'subscription.renewal_invoiced').map((event) => event['period_start']);
  const invoices = ({ id }: Fields): Happened[] =>
    happened.filter((event) => event.type === 'invoice.finalized' && event['subscription_id'] === id);
  const totals = (subscription: Fields): unknown[] => invoices(subscription).map((event) => event['total']);
  const days = (from: unknown, to: Time): number =>
    (Date.parse(to) - Date.parse(String(from))) / (24 * 60 * 60 * 1_000);
  const counts = (subscription: Fields): Record<string, number> =>
    Object.fromEntries(
      [
        ...Map.groupBy(
          happened.filter(({ stream }) => stream === subscription['id']),
          ({ type }) => type,
        ),
      ].map(([type, events]) => [type.replace('subscription.', ''), events.length]),
    );
  /** The days of the month on which monthly periods begin, by a calendar of the test's own. */
  const monthly = (year: number, month: number, day: number, time: string, count: number): string[] =>
    Array.from({ length: count }, (_, n) => {
      const last = new Date(Date.UTC(year, month + n, 0)).getUTCDate();
      const date = new Date(Date.UTC(year, month - 1 + n, Math.min(day, last)));
      return `${date.toISOString().slice(0, 10)}T${time}`;
    });

  const s: Record<string, Fields> = {};

  beforeAll(async () => {
    app = await startApp({ services: [gatewayService, licensingService, billingService], modules: [Providers], clock });
    pool = new pg.Pool({ connectionString: app.databaseUrl, options: '-c search_path=billing', max: 2 });
    await openBooks(app);
    plan = await sell(app, { grace_days: 7 });
    const monthlyPrice = await price(app, plan);
    const other = await price(app, plan, { amount: 2_500 });
    const ofPlan = (over: Fields): Promise<string> => price(app, plan, over);

    // January 29, 10:00
    s['jan29'] = await start({ price_id: monthlyPrice });
    s['yen'] = await start({
      price_id: await ofPlan({ amount: 1_000, currency: 'jpy', tax_behavior: 'inclusive' }),
    });
    s['trial'] = await start({ price_id: await ofPlan({ trial_days: 14 }) });
    await passTo('2027-01-30T10:00:00.000Z');
    s['jan30'] = await start({ price_id: monthlyPrice });
    s['dinar'] = await start({ price_id: await ofPlan({ amount: 10_005, currency: 'kwd', interval: 'quarter' }) });
    await passTo('2027-01-31T10:00:00.000Z');
    s['jan31'] = await start({ price_id: monthlyPrice });
    s['yearly'] = await start({ price_id: await ofPlan({ amount: 12_000, interval: 'year' }) });
    s['free'] = await start({ price_id: await ofPlan({ amount: 0 }) });
    await app.create('/admin/coupons', {
      name: 'Half',
      percent_off: '50',
      duration: 'repeating',
      months: 3,
      codes: ['HALF3'],
    });
    s['coupon'] = await start({ price_id: monthlyPrice, coupon: 'HALF3' });
    s['quantity'] = await start({ price_id: monthlyPrice });
    s['back'] = await start({ price_id: monthlyPrice });
    s['paused'] = await start({ price_id: monthlyPrice });
    s['declined'] = await start({ price_id: monthlyPrice });
    s['recovers'] = await start({ price_id: monthlyPrice });
    for (const name of ['unpaid', 'late']) {
      s[name] = await start({ price_id: monthlyPrice, provider: 'bank_transfer' });
      await pay(app, s[name]['latest_invoice_id'], { paid_at: now() });
    }
    for (const name of ['declined', 'recovers']) cards.declined.add(String(s[name]?.['customer_id']));

    // Half of the period from January 31 to February 28 is over.
    await passTo('2027-02-14T10:00:00.000Z');
    await post(s['quantity']['id'], 'change-plan', { quantity: 3, when: 'now' });
    await post(s['back']['id'], 'change-plan', { price_id: other, when: 'now' });
    await settle();
    await post(s['back']['id'], 'change-plan', { price_id: monthlyPrice, when: 'now' });

    await passTo('2027-03-02T12:00:00.000Z');
    cards.declined.delete(String(s['recovers']?.['customer_id']));
    await passTo('2027-03-10T10:00:00.000Z');
    await post(s['paused']['id'], 'pause');
    await passTo('2027-03-20T10:00:00.000Z');
    await post(s['paused']['id'], 'unpause');
    // The invoice of February 28 was due on March 14: five days past due.
    await passTo('2027-03-19T10:00:00.000Z');
    const late = (await app.call('GET', `/subscriptions/${String(s['late']?.['id'])}`)).body as Fields;
    await pay(app, late['latest_invoice_id'], { paid_at: now() });
    await passTo('2027-03-25T10:00:00.000Z');
    await post(late['id'], 'cancel', { when: 'now' });

    // These have shown what they are for.
    await passTo('2027-06-01T10:00:00.000Z');
    for (const name of ['trial', 'coupon', 'quantity', 'back', 'paused'])
      await post(s[name]?.['id'], 'cancel', { when: 'now' });
    await passTo('2028-02-29T10:00:00.000Z');
    s['leap'] = await start({ price_id: monthlyPrice });
    s['leapYear'] = await start({ price_id: await ofPlan({ amount: 12_000, interval: 'year' }) });
    await passTo('2029-03-05T00:00:00.000Z');
  });
  afterAll(async () => {
    await pool?.end();
    await app?.close();
  });

  it('begin their periods on the day of the anchor, or on the last day of the month', () => {
    const time = '10:00:00.000Z';
    expect(starts(s['jan31'] ?? {})).toEqual(monthly(2027, 1, 31, time, 26));
    expect(starts(s['jan31'] ?? {})).toEqual(
      expect.arrayContaining(['2027-02-28', '2027-03-31', '2028-02-29', '2028-03-31'].map((day) => `${day}T${time}`)),
    );
    expect(starts(s['jan30'] ?? {})).toEqual(monthly(2027, 1, 30, time, 26));
    expect(starts(s['jan29'] ?? {})).toEqual(monthly(2027, 1, 29, time, 26));
    expect(starts(s['leap'] ?? {})).toEqual(monthly(2028, 2, 29, time, 13));
    expect(starts(s['leapYear'] ?? {})).toEqual([`2028-02-29T${time}`, `2029-02-28T${time}`]);
    expect(starts(s['yearly'] ?? {})).toEqual([`2027-01-31T${time}`, `2028-01-31T${time}`, `2029-01-31T${time}`]);
    expect(starts(s['dinar'] ?? {})).toEqual(
      ['01-30', '04-30', '07-30', '10-30', '01-30', '04-30', '07-30', '10-30', '01-30'].map(
        (day, n) => `${2027 + Math.floor(n / 4)}-${day}T${time}`,
      ),
    );
  });

  it('are renewed at the moment at which the period begins, once', () => {
    for (const name of ['jan29', 'jan30', 'jan31', 'leap', 'yen', 'dinar', 'yearly']) {
      const renewals = of(s[name] ?? {}, 'subscription.renewal_invoiced');
      expect(renewals.map(({ at }) => at)).toEqual(renewals.map((event) => event['period_start']));
      const { past_due, renewal_invoiced, renewed } = counts(s[name] ?? {});
      expect([past_due, renewed]).toEqual([undefined, renewal_invoiced]);
    }
    expect(counts(s['jan31'] ?? {})).toEqual({ created: 1, activated: 1, renewal_invoiced: 25, renewed: 25 });
    expect(counts(s['free'] ?? {})).toEqual({ created: 1, activated: 1, renewed: 25 });
    expect(counts(s['yearly'] ?? {})).toMatchObject({ renewal_upcoming: 2, renewal_invoiced: 2 });
  });

  it('charge exact amounts in currencies with 0, 2 and 3 decimals', () => {
    expect(new Set(totals(s['jan31'] ?? {}))).toEqual(new Set([1_190]));
    expect(new Set(totals(s['yen'] ?? {}))).toEqual(new Set([1_000]));
    expect(invoices(s['yen'] ?? {})[0]).toMatchObject({ taxes: [{ taxable: 840, amount: 160 }] });
    expect(new Set(totals(s['dinar'] ?? {}))).toEqual(new Set([11_906]));
    expect(invoices(s['free'] ?? {})).toEqual([]);
  });

  it('tell the end of a trial three days before it, and count from its end', () => {
    const trial = s['trial'] ?? {};
    expect(of(trial, 'subscription.trial_will_end').map(({ at }) => at)).toEqual(['2027-02-09T10:00:00.000Z']);
    expect(starts(trial).slice(0, 3)).toEqual(
      ['2027-01-29', '2027-02-12', '2027-03-12'].map((day) => `${day}T10:00:00.000Z`),
    );
  });

  it('get a discount for exactly three months', () => {
    expect(totals(s['coupon'] ?? {}).slice(0, 5)).toEqual([595, 595, 595, 1_190, 1_190]);
  });

  it('charge a change for the rest of the period, and a change there and back nothing', () => {
    expect(totals(s['quantity'] ?? {}).slice(0, 4)).toEqual([1_190, 1_190, 3_570, 3_570]);
    const [, there, back] = totals(s['back'] ?? {});
    expect([there, back]).toEqual([893, -893]);
    // The credit reduces what the renewal asks for.
    expect(invoices(s['back'] ?? {})[3]).toMatchObject({ total: 1_190, balance_applied: 893, amount_due: 297 });
  });

  it('get the time back for which they were paused', () => {
    expect(starts(s['paused'] ?? {}).slice(1, 4)).toEqual(
      ['2027-02-28', '2027-04-10', '2027-05-10'].map((day) => `${day}T10:00:00.000Z`),
    );
  });

  it('are reminded on days 1, 3, 7 and 14, lose their grace after 7 days, and are canceled after 30', () => {
    const unpaid = s['unpaid'] ?? {};
    const [pastDue] = of(unpaid, 'subscription.past_due');
    expect(pastDue).toMatchObject({ past_due_at: '2027-03-14T10:00:00.000Z' });
    const since = pastDue?.['past_due_at'];
    const reminders = of(unpaid, 'subscription.reminded');
    expect(reminders.map(({ at, day }) => [days(since, at), day])).toEqual([1, 3, 7, 14].map((day) => [day, day]));
    expect(of(unpaid, 'subscription.grace_ended').map(({ at }) => days(since, at))).toEqual([7]);
    const ended = of(unpaid, 'subscription.canceled');
    expect(ended.map(({ at, reason }) => [days(since, at), reason])).toEqual([[30, 'unpaid']]);
    expect(counts(unpaid)).toEqual({
      created: 1,
      activated: 1,
      renewal_invoiced: 1,
      past_due: 1,
      reminded: 4,
      grace_ended: 1,
      canceled: 1,
    });
  });

  it('recover when the money arrives, and are reminded no more', () => {
    expect(counts(s['late'] ?? {})).toMatchObject({ past_due: 1, reminded: 2, recovered: 1, canceled: 1 });
  });

  it('are collected on days 0, 1, 3, 5 and 7', () => {
    const declined = s['declined'] ?? {};
    const attempts = ({ id }: Fields) =>
      happened.filter((event) => event.type === 'payment.created' && event['subscription_id'] === id);
    const issued = String(invoices(declined)[1]?.['issued_at']);
    const [first, ...later] = attempts(declined)
      .slice(1)
      .map(({ at }) => days(issued, at));
    expect(first).toBe(0);
    expect(later.map(Math.floor)).toEqual([1, 3, 5, 7]);
    for (const day of later) expect(day - Math.floor(day)).toBeLessThan(1 / 24);
    expect(counts(declined)).toMatchObject({ past_due: 1, reminded: 4, grace_ended: 1, canceled: 1 });
    // Declined on days 0 and 1, paid on day 3.
    const recovers = s['recovers'] ?? {};
    expect(counts(recovers)).toMatchObject({ past_due: 1, reminded: 2, recovered: 1, renewal_invoiced: 25 });
    expect(
      attempts(recovers)
        .map((event) => event['attempt'])
        .slice(0, 5),
    ).toEqual([0, 0, 1, 2, 0]);
  });

  it('leave books in which everything adds up, and money where the provider has it', async () => {
    await checkBooks({ ...app, clock });
    const paid = happened.filter((event) => event.type === 'payment.succeeded' && event['provider'] === cards.name);
    expect(paid.reduce((sum, event) => sum + Number(event['amount']), 0)).toBe(cards.balance);
  });
});

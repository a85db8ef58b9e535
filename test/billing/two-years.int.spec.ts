import { Global, Module } from '@nestjs/common';
import pg from 'pg';
import type { Time } from '#domain/shared/time';
import { TestClock } from '#platform/clock/test-clock';
import { billingService } from '../../apps/billing/src/billing.module.ts';
import { PAYMENT_PROVIDERS, type PaymentRequest } from '../../apps/billing/src/payments/provider.ts';
import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';
import { startApp, type TestApp } from '../support/app.ts';
import { checkBooks } from './checker.ts';
import { FakeProvider } from './fake-provider.ts';
import { type Fields, openBooks, pay, price, sell } from './harness.ts';
import { Simulation, type Step } from './simulation.ts';
import { changingLives, describeChanges } from './two-years.changes.ts';
import { describeUsage, meteredLives } from './two-years.usage.ts';

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

const JAN_31 = '2027-01-31T10:00:00.000Z';
const FEB_14 = '2027-02-14T10:00:00.000Z';

@Global()
@Module({ providers: [{ provide: PAYMENT_PROVIDERS, useValue: [cards] }], exports: [PAYMENT_PROVIDERS] })
class Providers {}

describe('two years of subscriptions', () => {
  let app: TestApp;
  let pool: pg.Pool;
  let years: Simulation;

  const days = (from: unknown, to: Time): number =>
    (Date.parse(to) - Date.parse(String(from))) / (24 * 60 * 60 * 1_000);
  /** The days of the month on which monthly periods begin, by a calendar of the test's own. */
  const monthly = (year: number, month: number, day: number, time: string, count: number): string[] =>
    Array.from({ length: count }, (_, n) => {
      const last = new Date(Date.UTC(year, month + n, 0)).getUTCDate();
      const date = new Date(Date.UTC(year, month - 1 + n, Math.min(day, last)));
      return `${date.toISOString().slice(0, 10)}T${time}`;
    });

  beforeAll(async () => {
    app = await startApp({ services: [gatewayService, licensingService, billingService], modules: [Providers], clock });
    pool = new pg.Pool({ connectionString: app.databaseUrl, options: '-c search_path=billing', max: 2 });
    years = new Simulation(app, pool, clock);
    await openBooks(app);
    const plan = await sell(app, { grace_days: 7 });
    const ofPlan = (over: Fields): Promise<string> => price(app, plan, over);
    const monthlyPrice = await ofPlan({});
    const other = await ofPlan({ amount: 2_500 });
    const yearlyPrice = await ofPlan({ amount: 12_000, interval: 'year' });
    const coupon = { name: 'Half', percent_off: '50', duration: 'repeating', months: 3, codes: ['HALF3'] };
    await app.create('/admin/coupons', coupon);
    const begin = (at: Time, name: string, over: Fields = {}): Step => [
      at,
      () => years.start(name, { price_id: monthlyPrice, ...over }),
    ];
    const change = (at: Time, name: string, over: Fields): Step => [
      at,
      async () => {
        await years.post(name, 'change-plan', { when: 'now', ...over });
        await years.settle();
      },
    ];
    const payLatest = async (name: string): Promise<void> => {
      const { body } = await app.call('GET', `/subscriptions/${String(years.named(name)['id'])}`);
      await pay(app, (body as Fields)['latest_invoice_id'], { paid_at: years.now() });
    };
    const transfer = { provider: 'bank_transfer' };

    await years.run([
      begin('2027-01-29T10:00:00.000Z', 'jan29'),
      begin('2027-01-29T10:00:00.000Z', 'yen', {
        price_id: await ofPlan({ amount: 1_000, currency: 'jpy', tax_behavior: 'inclusive' }),
      }),
      begin('2027-01-29T10:00:00.000Z', 'trial', { price_id: await ofPlan({ trial_days: 14 }) }),
      begin('2027-01-30T10:00:00.000Z', 'jan30'),
      begin('2027-01-30T10:00:00.000Z', 'dinar', {
        price_id: await ofPlan({ amount: 10_005, currency: 'kwd', interval: 'quarter' }),
      }),
      begin(JAN_31, 'jan31'),
      begin(JAN_31, 'yearly', { price_id: yearlyPrice }),
      begin(JAN_31, 'free', { price_id: await ofPlan({ amount: 0 }) }),
      begin(JAN_31, 'coupon', { coupon: 'HALF3' }),
      ...['quantity', 'back', 'paused', 'declined', 'recovers'].map((name) => begin(JAN_31, name)),
      ...['unpaid', 'late'].flatMap((name): Step[] => [begin(JAN_31, name, transfer), [JAN_31, () => payLatest(name)]]),
      [
        JAN_31,
        async () => {
          for (const name of ['declined', 'recovers']) cards.declined.add(String(years.named(name)['customer_id']));
        },
      ],
      // Half of the period from January 31 to February 28 is over.
      change(FEB_14, 'quantity', { quantity: 3 }),
      change(FEB_14, 'back', { price_id: other }),
      change(FEB_14, 'back', { price_id: monthlyPrice }),
      ['2027-03-02T12:00:00.000Z', async () => cards.declined.delete(String(years.named('recovers')['customer_id']))],
      ['2027-03-10T10:00:00.000Z', () => years.post('paused', 'pause')],
      ['2027-03-20T10:00:00.000Z', () => years.post('paused', 'unpause')],
      // The invoice of February 28 was due on March 14: five days past due.
      ['2027-03-19T10:00:00.000Z', () => payLatest('late')],
      ['2027-03-25T10:00:00.000Z', () => years.post('late', 'cancel', { when: 'now' })],
      // These have shown what they are for.
      ...['trial', 'coupon', 'quantity', 'back', 'paused'].map((name): Step => [
        '2027-06-01T10:00:00.000Z',
        () => years.post(name, 'cancel', { when: 'now' }),
      ]),
      begin('2028-02-29T10:00:00.000Z', 'leap'),
      begin('2028-02-29T10:00:00.000Z', 'leapYear', { price_id: yearlyPrice }),
      ['2029-03-05T00:00:00.000Z', async () => undefined],
      ...(await changingLives(years)),
      ...(await meteredLives(years)),
    ]);
  });
  afterAll(async () => {
    await pool?.end();
    await app?.close();
  });

  it('begin their periods on the day of the anchor, or on the last day of the month', () => {
    const time = '10:00:00.000Z';
    expect(years.starts('jan31')).toEqual(monthly(2027, 1, 31, time, 26));
    expect(years.starts('jan31')).toEqual(
      expect.arrayContaining(['2027-02-28', '2027-03-31', '2028-02-29', '2028-03-31'].map((day) => `${day}T${time}`)),
    );
    expect(years.starts('jan30')).toEqual(monthly(2027, 1, 30, time, 26));
    expect(years.starts('jan29')).toEqual(monthly(2027, 1, 29, time, 26));
    expect(years.starts('leap')).toEqual(monthly(2028, 2, 29, time, 13));
    expect(years.starts('leapYear')).toEqual([`2028-02-29T${time}`, `2029-02-28T${time}`]);
    expect(years.starts('yearly')).toEqual([`2027-01-31T${time}`, `2028-01-31T${time}`, `2029-01-31T${time}`]);
    expect(years.starts('dinar')).toEqual(
      ['01-30', '04-30', '07-30', '10-30', '01-30', '04-30', '07-30', '10-30', '01-30'].map(
        (day, n) => `${2027 + Math.floor(n / 4)}-${day}T${time}`,
      ),
    );
  });

  it('are renewed at the moment at which the period begins, once', () => {
    for (const name of ['jan29', 'jan30', 'jan31', 'leap', 'yen', 'dinar', 'yearly']) {
      const renewals = years.of(name, 'renewal_invoiced');
      expect(renewals.map(({ at }) => at)).toEqual(renewals.map((event) => event['period_start']));
      const { past_due, renewal_invoiced, renewed } = years.counts(name);
      expect([past_due, renewed]).toEqual([undefined, renewal_invoiced]);
    }
    expect(years.counts('jan31')).toEqual({ created: 1, activated: 1, renewal_invoiced: 25, renewed: 25 });
    expect(years.counts('free')).toEqual({ created: 1, activated: 1, renewed: 25 });
    expect(years.counts('yearly')).toMatchObject({ renewal_upcoming: 2, renewal_invoiced: 2 });
  });

  it('charge exact amounts in currencies with 0, 2 and 3 decimals', () => {
    expect(new Set(years.totals('jan31'))).toEqual(new Set([1_190]));
    expect(new Set(years.totals('yen'))).toEqual(new Set([1_000]));
    expect(years.invoices('yen')[0]).toMatchObject({ taxes: [{ taxable: 840, amount: 160 }] });
    expect(new Set(years.totals('dinar'))).toEqual(new Set([11_906]));
    expect(years.invoices('free')).toEqual([]);
  });

  it('tell the end of a trial three days before it, and count from its end', () => {
    expect(years.of('trial', 'trial_will_end').map(({ at }) => at)).toEqual(['2027-02-09T10:00:00.000Z']);
    expect(years.starts('trial').slice(0, 3)).toEqual(
      ['2027-01-29', '2027-02-12', '2027-03-12'].map((day) => `${day}T10:00:00.000Z`),
    );
  });

  it('get a discount for exactly three months', () => {
    expect(years.totals('coupon').slice(0, 5)).toEqual([595, 595, 595, 1_190, 1_190]);
  });

  it('charge a change for the rest of the period, and a change there and back nothing', () => {
    expect(years.totals('quantity').slice(0, 4)).toEqual([1_190, 1_190, 3_570, 3_570]);
    const [, there, back] = years.totals('back');
    expect([there, back]).toEqual([893, -893]);
    // The credit reduces what the renewal asks for.
    expect(years.invoices('back')[3]).toMatchObject({ total: 1_190, balance_applied: 893, amount_due: 297 });
  });

  it('get the time back for which they were paused', () => {
    expect(years.starts('paused').slice(1, 4)).toEqual(
      ['2027-02-28', '2027-04-10', '2027-05-10'].map((day) => `${day}T10:00:00.000Z`),
    );
  });

  it('are reminded on days 1, 3, 7 and 14, lose their grace after 7 days, and are canceled after 30', () => {
    const [pastDue] = years.of('unpaid', 'past_due');
    expect(pastDue).toMatchObject({ past_due_at: '2027-03-14T10:00:00.000Z' });
    const since = pastDue?.['past_due_at'];
    const reminders = years.of('unpaid', 'reminded');
    expect(reminders.map(({ at, day }) => [days(since, at), day])).toEqual([1, 3, 7, 14].map((day) => [day, day]));
    expect(years.of('unpaid', 'grace_ended').map(({ at }) => days(since, at))).toEqual([7]);
    const ended = years.of('unpaid', 'canceled');
    expect(ended.map(({ at, reason }) => [days(since, at), reason])).toEqual([[30, 'unpaid']]);
    expect(years.counts('unpaid')).toEqual({
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
    expect(years.counts('late')).toMatchObject({ past_due: 1, reminded: 2, recovered: 1, canceled: 1 });
  });

  it('are collected on days 0, 1, 3, 5 and 7', () => {
    const attempts = (name: string) =>
      years.happened.filter(
        (event) => event.type === 'payment.created' && event['subscription_id'] === years.named(name)['id'],
      );
    const issued = String(years.invoices('declined')[1]?.['issued_at']);
    const [first, ...later] = attempts('declined')
      .slice(1)
      .map(({ at }) => days(issued, at));
    expect(first).toBe(0);
    expect(later.map(Math.floor)).toEqual([1, 3, 5, 7]);
    for (const day of later) expect(day - Math.floor(day)).toBeLessThan(1 / 24);
    expect(years.counts('declined')).toMatchObject({ past_due: 1, reminded: 4, grace_ended: 1, canceled: 1 });
    // Declined on days 0 and 1, paid on day 3.
    expect(years.counts('recovers')).toMatchObject({ past_due: 1, reminded: 2, recovered: 1, renewal_invoiced: 25 });
    expect(
      attempts('recovers')
        .map((event) => event['attempt'])
        .slice(0, 5),
    ).toEqual([0, 0, 1, 2, 0]);
  });

  describeChanges(() => years);
  describeUsage(() => years);

  it('leave books in which everything adds up, and money where the provider has it', async () => {
    await checkBooks({ ...app, clock });
    const paid = years.happened.filter(
      (event) => event.type === 'payment.succeeded' && event['provider'] === cards.name,
    );
    expect(paid.reduce((sum, event) => sum + Number(event['amount']), 0)).toBe(cards.balance);
  });
});

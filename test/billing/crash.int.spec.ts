import { isDeepStrictEqual } from 'node:util';
import { jest } from '@jest/globals';
import { Global, Module } from '@nestjs/common';
import pg from 'pg';
import { MovableClock } from '../support/clock.ts';
import { eventually, startApp, type TestApp } from '../support/app.ts';
import { wakeWork } from '#platform/background/wake-work';
import { billingService } from '../../apps/billing/src/billing.module.ts';
import { Finalizing } from '../../apps/billing/src/invoices/finalizing.ts';
import { FinishFinalizing } from '../../apps/billing/src/invoices/finish-finalizing.ts';
import { Numbers } from '../../apps/billing/src/invoices/numbers.ts';
import { AskProviders } from '../../apps/billing/src/payments/ask-providers.ts';
import { CollectPayments } from '../../apps/billing/src/payments/collect-payments.ts';
import { Payments } from '../../apps/billing/src/payments/payments.ts';
import { PAYMENT_PROVIDERS } from '../../apps/billing/src/payments/provider.ts';
import { AdvanceWhenDue } from '../../apps/billing/src/subscriptions/advance-when-due.ts';
import { ChargeInvoices } from '../../apps/billing/src/subscriptions/charge-invoices.ts';
import { Subscriptions } from '../../apps/billing/src/subscriptions/subscriptions.ts';
import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';
import { checkBooks } from './checker.ts';
import { FakeProvider } from './fake-provider.ts';
import { type Fields, openBooks, price, sell, type Sold, subscribe, until } from './harness.ts';

const clock = new MovableClock();
const provider = new FakeProvider(clock);

@Global()
@Module({ providers: [{ provide: PAYMENT_PROVIDERS, useValue: [provider] }], exports: [PAYMENT_PROVIDERS] })
class Providers {}

type Method = (...args: never[]) => Promise<unknown>;

/** The steps of a renewal, in their order: which call begins each of them. */
const STEPS: readonly (readonly [string, new (...args: never[]) => object, string])[] = [
  ['issue the invoice', ChargeInvoices, 'issue'],
  ['give it a number', Numbers, 'assign'],
  ['finalize it', Finalizing, 'finalize'],
  ['start the payment', Payments, 'start'],
  ['record the payment', Payments, 'observe'],
  ['tell the invoice', Payments, 'settle'],
  ['tell the subscription', Subscriptions, 'settle'],
];

describe('a renewal that a crash interrupts', () => {
  let app: TestApp;
  let pool: pg.Pool;
  let plan: Sold;
  let monthly: string;
  let living = '';

  const of = <T extends object>(token: new (...args: never[]) => T): T =>
    app.app.nest.select(billingService.module).get<T>(token as never, { strict: false });

  beforeAll(async () => {
    app = await startApp({ services: [gatewayService, licensingService, billingService], modules: [Providers], clock });
    pool = new pg.Pool({ connectionString: app.databaseUrl, options: '-c search_path=billing', max: 2 });
    await openBooks(app);
    plan = await sell(app);
    monthly = await price(app, plan);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    // The next crash hits the only subscription that lives.
    const { status } = await app.call('POST', `/subscriptions/${living}/cancel`, { when: 'now' });
    expect(status).toBe(200);
  });
  afterAll(async () => {
    await pool?.end();
    await app?.close();
  });

  const active = async (): Promise<Fields> => {
    const { body } = await subscribe(app, { price_id: monthly, provider: 'hyperswitch' });
    living = String((body as Fields)['id']);
    return until(app, living, { status: 'active' });
  };

  /** The next call of a method fails, before it has done its work or after it. */
  const crash = (token: new (...args: never[]) => object, method: string, when: 'before' | 'after') => {
    const target = of(token) as Record<string, Method>;
    const real = target[method]?.bind(target);
    let crashed = false;
    jest.spyOn(target, method).mockImplementation(async (...args: never[]) => {
      if (crashed) return real?.(...args);
      crashed = true;
      if (when === 'after') await real?.(...args);
      throw new Error(`crash ${when} ${method}`);
    });
    return () => crashed;
  };

  /** Does what the services do by themselves, without the pause after a failure. */
  const recover = async (id: string): Promise<void> => {
    await of(AdvanceWhenDue).attend(id);
    await pool.query(`update unfinished_documents set since = since - interval '1 hour'`);
    await pool.query(`update payments set ask_at = ask_at - interval '1 day'`);
    const query = { now: clock.now(), except: [], limit: 100 };
    for (const work of [of(FinishFinalizing), of(CollectPayments), of(AskProviders)])
      for (const due of await work.due(query)) await work.attend(due.id);
  };

  const toPeriodEnd = async (subscription: Fields): Promise<void> => {
    clock.pass(Date.parse(String(subscription['current_period_end'])) - clock.now().getTime() + 1);
    await wakeWork(pool, 'billing', '');
  };

  const cases = STEPS.flatMap(([step, token, method]) =>
    (['before', 'after'] as const).map((when) => ({ name: `${when} it could ${step}`, token, method, when })),
  );

  it.each(cases)('$name is finished, with one invoice and one payment', async ({ token, method, when }) => {
    const started = await active();
    const id = String(started['id']);
    const crashed = crash(token, method, when);
    await toPeriodEnd(started);
    await eventually(async () => {
      await wakeWork(pool, 'billing', 'collect-payments');
      return crashed();
    });
    await eventually(async () => {
      await recover(id);
      const { body } = await app.call('GET', `/admin/invoices?subscription_id=${id}`);
      const invoices = body.data as Fields[];
      return invoices.length === 2 && invoices.every(({ status }) => status === 'paid');
    });
    const { rows } = await pool.query<{ type: string; count: number }>(
      `select type, count(*)::int as count from events where stream_id = $1 and type like 'subscription.renew%' group by type`,
      [id],
    );
    await eventually(async () => {
      const { body } = await app.call('GET', `/subscriptions/${id}`);
      return body.current_period_start === started['current_period_end'] && body.status === 'active';
    });
    expect(rows.every(({ count }) => count === 1)).toBe(true);
    const paid = [...provider.payments.values()].filter(
      ({ request }) => request.customer_id === started['customer_id'],
    );
    expect(paid.map(({ state, request }) => [state, request.amount])).toEqual([
      ['succeeded', 1_190],
      ['succeeded', 1_190],
    ]);
  });

  it('keeps its invoice when the customer changes the plan before it is issued', async () => {
    const started = await active();
    const id = String(started['id']);
    const crashed = crash(ChargeInvoices, 'issue', 'before');
    await toPeriodEnd(started);
    await eventually(async () => {
      await wakeWork(pool, 'billing', 'collect-payments');
      return crashed();
    });
    const changed = await app.call('POST', `/subscriptions/${id}/change-plan`, { quantity: 2, when: 'now' });
    expect([changed.status, changed.body.quantity]).toEqual([200, 2]);
    await eventually(async () => {
      const { body } = await app.call('GET', `/admin/invoices?subscription_id=${id}`);
      const reasons = (body.data as Fields[]).map(({ reason }) => reason).sort();
      return isDeepStrictEqual(reasons, ['subscription_create', 'subscription_cycle', 'subscription_update']);
    });
  });

  it('leaves books in which everything adds up', async () => {
    await checkBooks({ ...app, clock });
  });
});

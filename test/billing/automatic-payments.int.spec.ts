import { Global, Module } from '@nestjs/common';
import type { PaymentObservation } from '#domain/billing/payment/payment.commands';
import { billingService } from '../../apps/billing/src/billing.module.ts';
import { type PaymentRequest, PAYMENT_PROVIDERS } from '../../apps/billing/src/payments/provider.ts';
import { Payments } from '../../apps/billing/src/payments/payments.ts';
import { gatewayService } from '../../apps/gateway/src/gateway.module.ts';
import { licensingService } from '../../apps/licensing/src/licensing.module.ts';
import { eventually, type Reply, startApp, type TestApp } from '../support/app.ts';
import { MovableClock } from '../support/clock.ts';
import { FakeProvider } from './fake-provider.ts';
import { type Fields, openBooks, price, sell, subscribe, unique, until } from './harness.ts';

const DAY_MS = 86_400_000;
const clock = new MovableClock();

/** Payments of some customers become what a test says, whatever others do. */
class Scripted extends FakeProvider {
  readonly planned = new Map<unknown, PaymentObservation['state'][]>();

  override start(request: PaymentRequest): ReturnType<FakeProvider['start']> {
    const state = this.planned.get(request.customer_id)?.shift();
    if (state !== undefined) this.next.unshift(state);
    return super.start(request);
  }
}
const provider = new Scripted(clock);

@Global()
@Module({ providers: [{ provide: PAYMENT_PROVIDERS, useValue: [provider] }], exports: [PAYMENT_PROVIDERS] })
class ProviderModule {}

describe('subscriptions that a provider collects', () => {
  let app: TestApp;
  let monthly: string;

  beforeAll(async () => {
    const services = [gatewayService, licensingService, billingService];
    app = await startApp({ services, clock, modules: [ProviderModule] });
    await openBooks(app);
    monthly = await price(app, await sell(app));
  });
  afterAll(() => app.close());
  beforeEach(() => {
    provider.next.length = 0;
    provider.breaking = undefined;
  });

  const start = (over: Fields = {}): Promise<Reply> =>
    subscribe(app, { price_id: monthly, provider: 'hyperswitch', ...over });
  const complete = (id: unknown): Promise<Reply> => app.call('POST', `/subscriptions/${String(id)}/complete`, {});
  const read = async (id: unknown): Promise<Fields> =>
    (await app.call('GET', `/subscriptions/${String(id)}`)).body as Fields;
  const started = (payment_id: unknown): number =>
    provider.calls.filter((call) => call === `start ${String(payment_id)}`).length;

  // First, as time passes in it: subscriptions of other tests would take what is set for the provider's next payments.
  it('are tried again on the days of the ladder, past due meanwhile, and recover', async () => {
    const { body } = await start();
    provider.next.push('failed', 'failed', 'succeeded');
    clock.pass(Date.parse(body.current_period_end) - clock.now().getTime());
    const late = await until(app, body.id, { status: 'past_due' });
    const invoice = `/admin/invoices/${String(late['latest_invoice_id'])}`;
    const attempts = async (): Promise<Fields[]> =>
      (await app.call('GET', `/admin/payments?invoice_id=${String(late['latest_invoice_id'])}`)).body.data as Fields[];
    const next = async (): Promise<number> => Date.parse((await app.call('GET', invoice)).body.next_attempt_at);
    for (const day of [1, 3]) {
      const issued = Date.parse((await app.call('GET', invoice)).body.issued_at);
      await eventually(async () => Math.floor(((await next()) - issued) / DAY_MS) === day);
      const { length } = await attempts();
      clock.pass((await next()) - clock.now().getTime());
      await eventually(async () => (await attempts()).length === length + 1);
    }
    const recovered = await until(app, body.id, { status: 'active' });
    expect(recovered['past_due_at']).toBeNull();
    expect((await attempts()).map(({ status }) => status)).toEqual(['succeeded', 'failed', 'failed']);
    const keys = (await attempts()).map(({ id }) => provider.payments.get(String(id))?.request.idempotency_key);
    const [last, second] = await attempts();
    expect(keys).toEqual([last?.['id'], second?.['id'], late['latest_invoice_id']]);
    expect((await app.call('GET', invoice)).body).toMatchObject({ status: 'paid', overdue: false });
  });

  it('tell the provider where the customer comes back to', async () => {
    const return_url = 'https://acme.example/welcome';
    const { status, body } = await start({ return_url });
    expect(status).toBe(201);
    const [payment] = (await app.call('GET', `/admin/payments?invoice_id=${String(body.latest_invoice_id)}`)).body.data;
    expect(provider.payments.get(payment.id)?.request.return_url).toBe(return_url);
    expect((await start({ return_url: 'javascript:alert(1)' })).status).toBe(400);
  });

  describe('whose renewal', () => {
    const metadata = { actor: { type: 'system', id: 'test' }, correlation_id: 'test' } as const;
    const renewed = async (...states: PaymentObservation['state'][]): Promise<Fields> => {
      const { body } = await start();
      provider.planned.set(body.customer_id, states);
      clock.pass(Date.parse(body.current_period_end) - clock.now().getTime());
      return eventually(async () => {
        const now = await read(body.id);
        return now['latest_invoice_id'] !== body.latest_invoice_id && (await payments(now)).length > 0
          ? now
          : undefined;
      });
    };
    const payments = async ({ latest_invoice_id }: Fields): Promise<Fields[]> =>
      (await app.call('GET', `/admin/payments?invoice_id=${String(latest_invoice_id)}`)).body.data as Fields[];

    it('needs an action of the customer are past due, and tried again with another payment', async () => {
      const subscription = await renewed('requires_action', 'succeeded');
      await until(app, subscription['id'], { status: 'past_due' });
      const invoice = `/admin/invoices/${String(subscription['latest_invoice_id'])}`;
      const { body } = await app.call('GET', invoice);
      expect(body).toMatchObject({ status: 'open', last_payment_error: 'requires_action' });
      clock.pass(Date.parse(body.next_attempt_at) - clock.now().getTime());
      await until(app, subscription['id'], { status: 'active' });
      expect((await payments(subscription)).map(({ status }) => status)).toEqual(['succeeded', 'canceled']);
    });

    it('is confirmed late and being processed are not charged a second time', async () => {
      const subscription = await renewed('requires_action', 'succeeded');
      await until(app, subscription['id'], { status: 'past_due' });
      const [first] = await payments(subscription);
      const of = app.app.nest.select(billingService.module).get(Payments, { strict: false });
      await of.observe(String(first?.['id']), provider.becomes(String(first?.['id']), 'processing'), metadata);
      clock.pass(2 * DAY_MS);
      await of.observe(String(first?.['id']), provider.becomes(String(first?.['id']), 'succeeded'), metadata);
      await until(app, subscription['id'], { status: 'active' });
      expect(await payments(subscription)).toHaveLength(1);
    });

    it('is processed for days are active, and past due after eight days', async () => {
      const subscription = await renewed('processing');
      clock.pass(7 * DAY_MS);
      expect(await payments(subscription)).toMatchObject([{ status: 'processing' }]);
      expect((await read(subscription['id']))['status']).toBe('active');
      clock.pass(DAY_MS + 60_000);
      const late = await until(app, subscription['id'], { status: 'past_due' });
      expect(Date.parse(String(late['past_due_at']))).toBeGreaterThan(clock.now().getTime() - 3_600_000);
      const [payment] = await payments(subscription);
      const id = String(payment?.['id']);
      provider.becomes(id, 'succeeded');
      await app.app.nest.select(billingService.module).get(Payments, { strict: false }).ask(id, metadata);
      await until(app, subscription['id'], { status: 'active' });
      expect(await payments(subscription)).toHaveLength(1);
    });
  });

  it('are active as soon as the first payment succeeds', async () => {
    const calls = provider.calls.length;
    const { status, body } = await start();
    expect([status, body.status, provider.calls.length]).toEqual([201, 'active', calls + 1]);
    const keys = [...provider.payments.values()].map(({ request }) => request.idempotency_key);
    expect(keys).toContain(body.id);
  });

  it('wait for an action of the customer, and are completed without a second charge', async () => {
    provider.next.push('requires_action');
    const { body } = await start();
    expect(body).toMatchObject({ status: 'pending_payment', client_secret: `secret_${body.payment_id}` });
    const again = await complete(body.id);
    expect(again.body).toMatchObject({ client_secret: body.client_secret, payment_id: body.payment_id });
    provider.becomes(body.payment_id, 'succeeded');
    await complete(body.id);
    await until(app, body.id, { status: 'active' });
    expect(started(body.payment_id)).toBe(1);
    expect((await complete(body.id)).body).toEqual({
      status: 'active',
      client_secret: null,
      payment_id: null,
      checkout_url: null,
    });
  });

  it('expire when the first payment is final and failed; the subscriber may subscribe again at once', async () => {
    provider.next.push('failed');
    const subscriber = unique('acme/declined');
    const { body } = await start({ subscriber });
    await until(app, body.id, { status: 'expired' });
    expect((await start({ subscriber })).body.status).toBe('active');
  });

  it('are not half made when the provider breaks off: the same call goes on with what exists', async () => {
    provider.breaking = 'start';
    const asked = { subscriber: unique('acme/broken'), email: `${unique()}@example.com` };
    const broken = await start(asked);
    expect([broken.status, broken.body.code]).toEqual([502, 'PAYMENT_PROVIDER_UNAVAILABLE']);
    const before = provider.balance;
    const { status, body } = await start(asked);
    expect([status, provider.balance]).toEqual([201, before]);
    await until(app, body.id, { status: 'active' });
    const list = await app.call('GET', `/subscriptions?subscriber=${encodeURIComponent(asked.subscriber)}`);
    expect(list.body.data).toHaveLength(1);
  });

  it('give a trial without a call to the provider, and charge at its end', async () => {
    const price_id = await price(app, await sell(app), { trial_days: 14 });
    const calls = provider.calls.length;
    const { body } = await start({ price_id });
    expect([body.status, provider.calls.length]).toEqual(['trialing', calls]);
    clock.pass(14 * DAY_MS);
    await eventually(async () => (await read(body.id))['status'] === 'active');
    await eventually(async () => {
      const { latest_invoice_id } = await read(body.id);
      return (
        typeof latest_invoice_id === 'string' &&
        (await app.call('GET', `/admin/invoices/${latest_invoice_id}`)).body.status === 'paid'
      );
    });
  });

  it('charge nothing and write nothing when the seller is not known yet', async () => {
    const second = await startApp({
      services: [gatewayService, licensingService, billingService],
      clock,
      modules: [ProviderModule],
    });
    try {
      const price_id = await price(second, await sell(second));
      const subscriber = unique('acme/early');
      const { status, body } = await subscribe(second, { price_id, subscriber, provider: 'hyperswitch' });
      expect([status, body.code]).toEqual([409, 'ORGANIZATION_REQUIRED']);
      const list = await second.call('GET', `/subscriptions?subscriber=${encodeURIComponent(subscriber)}`);
      expect(list.body.data).toEqual([]);
    } finally {
      await second.close();
    }
  });
});

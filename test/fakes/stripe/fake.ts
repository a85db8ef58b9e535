import { randomBytes } from 'node:crypto';
import type { Clock } from '#platform/clock/clock';
import { perform, router } from './api.ts';
import { Faults } from './faults.ts';
import type * as Wire from './objects.ts';
import type { Raw } from './params.ts';
import { type CardBehavior, newCard } from './resources/card.ts';
import { chargeOf } from './resources/charge.ts';
import { completePage, type PageInput, type PageResult } from './resources/checkout-page.ts';
import { expireSession, sessionOf } from './resources/checkout-session.ts';
import { customerOf } from './resources/customer.ts';
import { adjustBalance } from './resources/balance.ts';
import { closeDispute, disputeOf, openDispute, warnOfFraud } from './resources/dispute.ts';
import { invoiceOf } from './resources/invoice.ts';
import { attach } from './resources/payment-method.ts';
import { confirmPayment, createPaymentIntent, fail, paymentIntentOf, succeed } from './resources/payment-intent.ts';
import { savePortalSettings } from './resources/portal.ts';
import { failRefund, refundOf } from './resources/refund.ts';
import { confirmSetup, setupIntentOf } from './resources/setup-intent.ts';
import { followMoney } from './resources/subscriptions.ts';
import { type LoggedRequest, StripeServer } from './server.ts';
import { Webhooks } from './webhooks.ts';
import { World, type WorldSettings } from './world.ts';

/** A clock that a test can move. */
export interface TestClock extends Clock {
  pass(milliseconds: number): void;
}

/** A clock that stands still until it is moved. */
export class StandingClock implements TestClock {
  #now: number;

  constructor(at: string) {
    this.#now = Date.parse(at);
  }

  now(): Date {
    return new Date(this.#now);
  }

  pass(milliseconds: number): void {
    this.#now += milliseconds;
  }
}

export interface FakeOptions extends Partial<WorldSettings> {
  /** Shared with the service under test; left out, one that stands at the present second. */
  readonly clock?: TestClock;
  readonly key?: string;
  /** How many requests are kept (10,000), the newest. */
  readonly most_requests?: number;
}

/**
 * Stripe on 127.0.0.1, with the state of one account. Whatever a test does with it besides HTTP is a method here: what customers
 * do on Stripe's pages, what banks do, what time brings, and what goes wrong.
 */
export class FakeStripe {
  readonly clock: TestClock;
  readonly key: string;
  readonly world: World;
  readonly faults = new Faults();
  readonly webhooks: Webhooks;
  /** Every request, oldest first. */
  readonly requests: LoggedRequest[] = [];
  /** Unknown routes, parameters that the fake does not play, another API version. A test expects it to be empty. */
  readonly complaints: string[] = [];
  readonly #server: StripeServer;

  private constructor({ clock, key, most_requests = 10_000, ...settings }: FakeOptions) {
    const live = settings.livemode ?? false;
    this.clock = clock ?? new StandingClock(new Date().toISOString());
    this.key = key ?? `${live ? 'sk_live' : 'sk_test'}_${randomBytes(12).toString('hex')}`;
    const salt = randomBytes(4).toString('hex');
    this.world = new World(
      this.clock,
      {
        livemode: live,
        account: `acct_${salt}`,
        country: 'DE',
        currency: 'eur',
        default_api_version: '2024-06-20',
        after_retries: 'cancel',
        retry_days: [3, 5, 7],
        refund_seconds: 0,
        meter_lag_seconds: 0,
        most_events: 100_000,
        ...settings,
      },
      salt,
    );
    followMoney(this.world);
    savePortalSettings(this.world);
    this.webhooks = new Webhooks(this.world);
    const { world, faults, webhooks, requests, complaints } = this;
    this.#server = new StripeServer({
      world,
      faults,
      webhooks,
      key: this.key,
      log: requests,
      complaints,
      most_requests,
    });
  }

  static async start(options: FakeOptions = {}): Promise<FakeStripe> {
    const fake = new FakeStripe(options);
    await fake.#server.listen();
    return fake;
  }

  /** For the client: `new Stripe(fake.key, fake.address)`. */
  get address(): { host: string; port: number; protocol: 'http' } {
    return { host: '127.0.0.1', port: this.#server.port, protocol: 'http' };
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  async stop(): Promise<void> {
    await this.webhooks.idle();
    await this.#server.stop();
  }

  // Time

  /** Moves the clock to a time, and plays all that is due on the way, each at its own time. Then waits for the webhooks. */
  async advanceTo(time: Date | string | number): Promise<void> {
    const to = typeof time === 'number' ? time * 1000 : new Date(time).getTime();
    const ahead = to - this.clock.now().getTime();
    if (ahead > 0) this.clock.pass(ahead);
    await this.catchUp();
  }

  async advance(by: { readonly days?: number; readonly hours?: number; readonly seconds?: number }): Promise<void> {
    const seconds = (by.days ?? 0) * 86_400 + (by.hours ?? 0) * 3600 + (by.seconds ?? 0);
    await this.advanceTo(new Date(this.clock.now().getTime() + seconds * 1000));
  }

  /** Plays what is due by now, for a clock that a test has moved itself. */
  async catchUp(): Promise<void> {
    do {
      this.world.catchUp();
      await this.webhooks.idle();
      // A delivery that failed may have to be tried again by now.
    } while (this.world.timers.isDue(this.world.now()));
  }

  // What goes wrong

  /** Refuses connections until `recover`. */
  outage(): Promise<void> {
    return this.#server.stop();
  }

  recover(): Promise<void> {
    return this.#server.listen();
  }

  // What customers do

  /** Completes the hosted page of a checkout session. */
  async completeCheckout(id: string, input: PageInput = {}): Promise<PageResult> {
    return this.#play(() => completePage(this.world, sessionOf(this.world, id), input));
  }

  async expireCheckout(id: string): Promise<void> {
    return this.#play(() => expireSession(this.world, sessionOf(this.world, id)));
  }

  /** A payment method; attached to a customer, it is one that renewals can be charged to. */
  async card(
    behavior: CardBehavior,
    of: { customer?: string; fingerprint?: string; default?: boolean } = {},
  ): Promise<string> {
    return this.#play(() => {
      const { id } = newCard(this.world, behavior, of.fingerprint);
      if (of.customer === undefined) return id;
      attach(this.world, id, of.customer);
      const customer = customerOf(this.world, of.customer);
      if (of.default ?? true)
        this.world.change(customer, 'customer.updated', () => {
          customer.invoice_settings = { ...customer.invoice_settings, default_payment_method: id };
        });
      return id;
    });
  }

  /** Pays with a `client_secret`, as the customer's browser does. @returns the status of the intent */
  async confirm(
    client_secret: string,
    input: { card?: CardBehavior | (string & {}); authenticates?: boolean } = {},
  ): Promise<string> {
    return this.#play(() => {
      const [id = ''] = client_secret.split('_secret_');
      const given = input.card ?? 'succeeds';
      const card = this.world.paymentMethods.get(given)?.id ?? newCard(this.world, given as CardBehavior).id;
      const authenticated = input.authenticates;
      if (id.startsWith('seti_')) {
        const intent = setupIntentOf(this.world, id);
        confirmSetup(this.world, intent, card, authenticated);
        return intent.status;
      }
      const intent = paymentIntentOf(this.world, id);
      confirmPayment(this.world, intent, card, { off_session: false, authenticated });
      return intent.status;
    });
  }

  /** The customer answers 3-D Secure of a payment that waits for it. */
  async authenticate(id: string, succeeds = true): Promise<void> {
    return this.#play(() => {
      const intent = paymentIntentOf(this.world, id);
      if (intent.status !== 'requires_action') throw new Error(`${id} is ${intent.status}`);
      if (succeeds) succeed(this.world, intent);
      else
        fail(this.world, intent, {
          kind: 'declined',
          code: 'payment_intent_authentication_failure',
          decline_code: 'authentication_required',
          message: 'The provided PaymentMethod has failed authentication.',
        });
    });
  }

  // What banks do

  /** A payment that is processing arrives, or does not. */
  async settle(id: string, how: 'succeeds' | 'fails' = 'succeeds'): Promise<void> {
    return this.#play(() => {
      const intent = paymentIntentOf(this.world, id);
      if (intent.status !== 'processing') throw new Error(`${id} is ${intent.status}`);
      if (how === 'succeeds') succeed(this.world, intent);
      else
        fail(this.world, intent, {
          kind: 'declined',
          code: 'payment_method_customer_decline',
          decline_code: 'generic_decline',
          message: 'The customer’s bank declined the payment.',
        });
      for (const session of this.world.sessions.all()) {
        const invoice = this.world.invoices.get(session.invoice ?? '');
        const payments = invoice === undefined ? [] : this.world.invoicePayments.of(invoice.id);
        const own = session.payment_intent === id || payments.some(({ payment }) => payment.payment_intent === id);
        if (!own) continue;
        if (how === 'succeeds') session.payment_status = 'paid';
        this.world.emit(`checkout.session.async_payment_${how === 'succeeds' ? 'succeeded' : 'failed'}`, session);
      }
    });
  }

  /** A refund comes back, also days after it has succeeded. */
  async failRefund(id: string, reason = 'expired_or_canceled_card'): Promise<void> {
    return this.#play(() => failRefund(this.world, refundOf(this.world, id), reason));
  }

  async openDispute(charge: string, given: { reason?: string; amount?: number } = {}): Promise<Wire.Dispute> {
    return this.#play(() => openDispute(this.world, chargeOf(this.world, charge), given));
  }

  async closeDispute(id: string, how: 'won' | 'lost'): Promise<void> {
    return this.#play(() => closeDispute(this.world, disputeOf(this.world, id), how));
  }

  async warnOfFraud(charge: string, fraud_type?: string): Promise<Wire.EarlyFraudWarning> {
    return this.#play(() => warnOfFraud(this.world, chargeOf(this.world, charge), fraud_type));
  }

  /** More arrives for an invoice than it asks for: the surplus becomes credit of the customer. */
  async overpay(invoiceId: string, surplus: number): Promise<void> {
    return this.#play(() => {
      const invoice = invoiceOf(this.world, invoiceId);
      const { currency, customer } = invoice;
      const intent = createPaymentIntent(this.world, { amount: surplus, currency, customer });
      succeed(this.world, intent);
      invoice.amount_overpaid += surplus;
      invoice.amount_paid += surplus;
      const more = { invoice: invoiceId, currency };
      adjustBalance(this.world, customerOf(this.world, customer), -surplus, 'invoice_overpaid', more);
      this.world.emit('invoice.overpaid', invoice);
    });
  }

  // Webhook secrets

  /** The present secret of an endpoint or destination. */
  secretOf(id: string): string {
    return this.world.secrets.get(id)?.at(-1) ?? '';
  }

  /** Makes a new secret; the former one signs too until `keepsFormer` is false. */
  rotateSecret(id: string, { keepsFormer = true } = {}): string {
    const secret = `whsec_${randomBytes(16).toString('hex')}`;
    const former = this.world.secrets.get(id)?.slice(-1) ?? [];
    this.world.secrets.set(id, [...(keepsFormer ? former : []), secret]);
    return secret;
  }

  // What a test looks at

  /** Charged minus refunded, by currency. A failed refund counts as never made; disputes are in `withdrawn`. */
  money(): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const { status, currency, amount } of this.world.charges.all())
      if (status === 'succeeded') sums[currency] = (sums[currency] ?? 0) + amount;
    for (const { status, currency, amount } of this.world.refunds.all())
      if (status !== 'failed' && status !== 'canceled') sums[currency] = (sums[currency] ?? 0) - amount;
    return sums;
  }

  /** What disputes have taken, by currency: those that are not won. */
  withdrawn(): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const { status, currency, amount } of this.world.disputes.all())
      if (status !== 'won') sums[currency] = (sums[currency] ?? 0) + amount;
    return sums;
  }

  /** Requests of a route, such as `POST /v1/subscriptions`. */
  requestsOf(route: string): LoggedRequest[] {
    return this.requests.filter((request) => request.route === route);
  }

  /** Types of the events so far, oldest first; of one object if its id is given. */
  eventTypes(object?: string): string[] {
    return [...this.world.events.all()]
      .filter(({ data }) => object === undefined || (data.object as { id?: string }).id === object)
      .map(({ type }) => type);
  }

  /** Calls the API without HTTP, faults or the log: to fill an account quickly, or to do what its owner does in the dashboard. */
  call<T>(route: string, params: { readonly [name: string]: Raw } = {}): T {
    const [method = '', path = ''] = route.split(' ');
    const match = router.find(method, path);
    if (match === undefined) throw new Error(`the fake does not play ${route}`);
    this.world.catchUp();
    return perform(this.world, match, params) as T;
  }

  async #play<T>(act: () => T): Promise<T> {
    this.world.catchUp();
    const result = act();
    await this.webhooks.idle();
    return result;
  }
}

import { Controller, Inject } from '@nestjs/common';
import { decideSubscription, type SubscriptionCommand } from '#domain/billing/subscription/subscription.commands';
import { refuseSubscription } from '#domain/billing/subscription/subscription.errors';
import {
  type Subscription,
  type SubscriptionState,
  subscriptionStream,
} from '#domain/billing/subscription/subscription';
import type { EventMetadata } from '#events/event';
import { type EventStore, StaleVersionError } from '#events/store';
import { tryAgain } from '#events/try-again';
import { seesProduct } from '#platform/auth/principal';
import { CLOCK, type Clock } from '#platform/clock/clock';
import { fileAnswer } from '#platform/export/streams';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { etag } from '#platform/http/preconditions';
import { EVENT_STORE } from '#platform/service';
import { assertMatches } from '../if-match.ts';
import { repeatableId } from '../invoices/repeatable-id.ts';
import { Discounting } from './discounting.ts';
import { FirstPayments } from './first-payments.ts';
import { Offers } from './offers.ts';
import { Previews } from './previews.ts';
import { Refunding } from './refunding.ts';
import { Subscribing } from './subscribing.ts';
import * as contracts from './subscription.endpoints.ts';
import { SubscriptionList, viewRow } from './subscription.list.ts';
import { type FirstPayment, NO_PAYMENT, viewSubscription } from './subscription.view.ts';
import { type Subscribed, Subscriptions } from './subscriptions.ts';

/** How often a command is made again at most. */
const TRIES = 20;

@Controller()
export class SubscriptionController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly subscriptions: Subscriptions,
    private readonly subscribing: Subscribing,
    private readonly list: SubscriptionList,
    private readonly previews: Previews,
    private readonly payments: FirstPayments,
    private readonly discounting: Discounting,
    private readonly offers: Offers,
    private readonly refunding: Refunding,
  ) {}

  @Endpoint(contracts.subscribe)
  async subscribe(call: Call<typeof contracts.subscribe>): Promise<Answer> {
    const offer = await this.offers.wanted(call.body);
    if (!seesProduct(call.principal, offer.price.product_id)) return refuseSubscription('PLAN_OF_ANOTHER_PRODUCT');
    const { id, state } = await this.subscribing.start(call.body, call.command(created));
    return this.#answer(id, 201, await this.#pay(id, state, call.metadata(), call.body.return_url));
  }

  @Endpoint(contracts.listSubscriptions)
  page({ query, principal }: Call<typeof contracts.listSubscriptions>): Promise<unknown> | Answer {
    const { format } = query;
    if (format === undefined) return this.list.page(query, principal.product_id);
    const columns = Object.keys(contracts.Subscription.properties);
    return fileAnswer('subscriptions', format, columns, this.list.all(query, principal.product_id));
  }

  @Endpoint(contracts.activeSubscription)
  async active({ query, principal }: Call<typeof contracts.activeSubscription>): Promise<Answer> {
    const row = await this.list.blocking(query.product_id, query.subscriber);
    if (row === undefined || row.status === 'pending_payment' || !seesProduct(principal, row.product_id))
      return refuseSubscription('SUBSCRIPTION_NOT_FOUND');
    return new Answer(200, viewRow(row), { etag: etag(row.version) });
  }

  @Endpoint(contracts.readSubscription)
  async read({ params, query, principal }: Call<typeof contracts.readSubscription>): Promise<Answer> {
    await this.subscriptions.find(params.id, principal);
    if (query.as_of === undefined) return this.#answer(params.id, 200);
    const { state, version } = await this.store.loadAsOf(subscriptionStream, params.id, query.as_of);
    if (state.status === 'none') return refuseSubscription('SUBSCRIPTION_NOT_FOUND');
    return new Answer(200, viewSubscription(params.id, state, query.as_of), { etag: etag(version) });
  }

  @Endpoint(contracts.cancelSubscription)
  async cancel(call: Call<typeof contracts.cancelSubscription>): Promise<Answer> {
    const { when, reason = null, feedback = null } = call.body;
    const { id } = call.params;
    return this.#decide(call, async (state) => {
      const now = this.#now();
      const last = await this.subscriptions.lastUsage(id, state, now);
      return { type: 'Cancel', now, when, reason, feedback, ...last };
    });
  }

  @Endpoint(contracts.resumeSubscription)
  resume(call: Call<typeof contracts.resumeSubscription>): Promise<Answer> {
    return this.#change(call, { type: 'Resume' });
  }

  @Endpoint(contracts.pauseSubscription)
  pause(call: Call<typeof contracts.pauseSubscription>): Promise<Answer> {
    return this.#change(call, { type: 'Pause', now: this.#now(), resumes_at: call.body.resumes_at ?? null });
  }

  @Endpoint(contracts.unpauseSubscription)
  unpause(call: Call<typeof contracts.unpauseSubscription>): Promise<Answer> {
    return this.#change(call, { type: 'Unpause', now: this.#now() });
  }

  @Endpoint(contracts.setCoupon)
  async coupon(call: Call<typeof contracts.setCoupon>): Promise<Answer> {
    const { id } = call.params;
    const state = await this.subscriptions.find(id, call.principal);
    const { product_id, customer_id, price_id } = state;
    const { code } = call.body;
    const removal = { type: 'SetDiscount', discount: null } as const;
    if (code === null) return this.#change(call, removal);
    // A grant costs nothing, so no coupon reduces it.
    if (price_id === null) return refuseSubscription('INVALID_TRANSITION', { provider: 'grant' });
    // What can be refused is refused before the coupon is redeemed.
    await assertMatches(this.store, subscriptionStream, id, call.if_match);
    decideSubscription(removal, state);
    const sale = { subscription_id: id, product_id, customer_id, price_id };
    const { discount, is_new } = await this.discounting.redeem(code, sale, call.metadata());
    return this.#change(call, { type: 'SetDiscount', discount }).catch(async (error: unknown) => {
      if (is_new) await this.discounting.release(discount.coupon_id, id, call.metadata());
      throw error;
    });
  }

  @Endpoint(contracts.refundSubscription)
  async refund(call: Call<typeof contracts.refundSubscription>): Promise<Answer> {
    const { invoice_id, amount, reason = null } = call.body;
    const { id } = call.params;
    await this.subscriptions.find(id, call.principal);
    await assertMatches(this.store, subscriptionStream, id, call.if_match);
    const refund_id = repeatableId(call, 'ref', id);
    const changing = { metadata: call.metadata(), if_match: call.if_match };
    await this.refunding.refund(id, { refund_id, invoice_id, amount, reason }, changing);
    return this.#answer(id, 200);
  }

  @Endpoint(contracts.previewChange)
  async preview(call: Call<typeof contracts.previewChange>): Promise<unknown> {
    const { id } = call.params;
    await this.subscriptions.find(id, call.principal);
    const { state, version } = await this.store.load(subscriptionStream, id);
    if (state.status === 'none') return refuseSubscription('SUBSCRIPTION_NOT_FOUND');
    return this.previews.preview(id, state, version, call.body);
  }

  @Endpoint(contracts.changePlan)
  async changePlan(call: Call<typeof contracts.changePlan>): Promise<Answer> {
    const { id } = call.params;
    const { body } = call;
    if (body.preview_id === undefined)
      return this.#decide(call, (state, version) => this.previews.command(id, state, version, body));
    await this.subscriptions.find(id, call.principal);
    const { state, version } = await this.store.load(subscriptionStream, id);
    if (state.status === 'none') return refuseSubscription('SUBSCRIPTION_NOT_FOUND');
    const command = await this.previews.command(id, state, version, body);
    // What was previewed is charged only if nothing has changed by the time of the decision.
    const options = { ...call.command(changed), expectedVersion: version };
    await this.subscriptions.handle(id, () => command, options).catch(previewStale);
    return this.#answer(id, 200);
  }

  @Endpoint(contracts.completeSubscription)
  complete(call: Call<typeof contracts.completeSubscription>): Promise<unknown> {
    return this.#complete(call);
  }

  @Endpoint(contracts.completeById)
  completeById(call: Call<typeof contracts.completeById>): Promise<unknown> {
    return this.#complete(call);
  }

  async #complete(call: Call<typeof contracts.completeSubscription>): Promise<unknown> {
    const { params, principal } = call;
    await this.subscriptions.find(params.id, principal);
    await this.subscriptions.advance(params.id, call.metadata());
    const payment = await this.#pay(params.id, await this.subscriptions.find(params.id, principal), call.metadata());
    const { status } = await this.subscriptions.find(params.id, principal);
    return { status, ...(status === 'pending_payment' ? payment : NO_PAYMENT) };
  }

  /** Starts the first payment, or finds it, and begins the subscription if it has succeeded. */
  async #pay(
    id: string,
    state: SubscriptionState,
    metadata: EventMetadata,
    return_url: string | null = null,
  ): Promise<FirstPayment> {
    if (state.status === 'none') return NO_PAYMENT;
    const payment = await this.payments.start(state, metadata, return_url);
    if (payment.payment_id === null || !(await this.payments.hasSucceeded(state))) return payment;
    await this.subscriptions.settle(id, state.latest_invoice_id ?? '', true, metadata);
    return NO_PAYMENT;
  }

  /**
   * Decides a command that was made for a version of the subscription, on exactly that version. If something else came between, it is
   * made again, unless the caller asked for a version.
   */
  async #decide(
    call: Pick<Call<typeof contracts.resumeSubscription>, 'params' | 'principal' | 'command'>,
    command: (state: Subscription, version: number) => Promise<SubscriptionCommand>,
  ): Promise<Answer> {
    const { id } = call.params;
    const options = call.command(changed);
    const attempt = async (): Promise<void> => {
      await this.subscriptions.find(id, call.principal);
      const { state, version } = await this.store.load(subscriptionStream, id);
      if (state.status === 'none') return refuseSubscription('SUBSCRIPTION_NOT_FOUND');
      const made = await command(state, version);
      const expectedVersion = options.expectedVersion ?? version;
      await this.subscriptions.handle(id, () => made, { ...options, expectedVersion });
    };
    const when = (error: unknown): boolean =>
      error instanceof StaleVersionError && options.expectedVersion === undefined;
    await tryAgain(attempt, { when, atMost: TRIES });
    return this.#answer(id, 200);
  }

  async #change(call: Call<typeof contracts.resumeSubscription>, command: SubscriptionCommand): Promise<Answer> {
    const { id } = call.params;
    await this.subscriptions.find(id, call.principal);
    await this.subscriptions.handle(id, () => command, call.command(changed));
    return this.#answer(id, 200);
  }

  async #answer(id: string, status: number, payment?: FirstPayment): Promise<Answer> {
    const row = (await this.list.byId(id)) ?? refuseSubscription('SUBSCRIPTION_NOT_FOUND');
    const body = viewSubscription(id, row.state, row.updated_at.toISOString(), payment ?? this.payments.of(row.state));
    const location: Record<string, string> = status === 201 ? { location: `/api/v1/subscriptions/${id}` } : {};
    return new Answer(status, body, { ...location, etag: etag(row.version) });
  }

  #now(): string {
    return this.clock.now().toISOString();
  }
}

const previewStale = (error: unknown): never => {
  if (error instanceof StaleVersionError) return refuseSubscription('PREVIEW_STALE');
  throw error;
};

/** The answer that is kept for the Idempotency-Key of a command. */
const kept =
  (status: number) =>
  ({ streamId, state, version, events }: Subscribed): Answer =>
    state.status === 'none'
      ? refuseSubscription('SUBSCRIPTION_NOT_FOUND')
      : new Answer(status, viewSubscription(streamId, state, events.at(-1)?.recorded_at ?? state.created_at), {
          etag: etag(version),
        });

const created = kept(201);
const changed = kept(200);

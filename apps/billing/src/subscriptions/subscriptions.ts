import { Inject, Injectable } from '@nestjs/common';
import { tooSmall } from '#domain/billing/subscription/offer';
import { invoiceOfSubscription } from '#domain/billing/subscription/invoice-of';
import { decideSubscription, type SubscriptionCommand } from '#domain/billing/subscription/subscription.commands';
import { refuseSubscription } from '#domain/billing/subscription/subscription.errors';
import type { LastUsage } from '#domain/billing/subscription/subscription.ending';
import { nextStep, type Scheduled } from '#domain/billing/subscription/subscription.schedule';
import { type Charge, chargesOf, type SubscriptionEvent } from '#domain/billing/subscription/subscription.events';
import {
  type Subscription,
  subscriptionStream,
  type SubscriptionState,
} from '#domain/billing/subscription/subscription';
import type { LetTimePass } from '#domain/billing/subscription/subscription.time';
import { Refusal } from '#domain/shared/refusal';
import type { Time } from '#domain/shared/time';
import type { EventMetadata } from '#events/event';
import { type EventStore, type HandleOptions, type Outcome, StaleVersionError } from '#events/store';
import { type Principal, seesProduct } from '#platform/auth/principal';
import { CLOCK, type Clock } from '#platform/clock/clock';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, EVENT_STORE } from '#platform/service';
import { BillingTerms } from './billing-terms.ts';
import { ChargeInvoices } from './charge-invoices.ts';
import { UsageCharges } from '../usage/usage-charges.ts';
import { Offers } from './offers.ts';
import type { UninvoicedChargeRow } from './uninvoiced-charges.table.ts';

export type Subscribed = Outcome<SubscriptionState, SubscriptionEvent>;

/** Commands on subscriptions, and what time does to them. */
@Injectable()
export class Subscriptions {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly offers: Offers,
    private readonly terms: BillingTerms,
    private readonly charges: ChargeInvoices,
    private readonly usage: UsageCharges,
  ) {}

  /** @throws Refusal SUBSCRIPTION_NOT_FOUND, also for subscriptions of products that the caller may not see */
  async find(id: string, principal: Principal): Promise<Subscription> {
    const { state } = await this.store.load(subscriptionStream, id);
    if (state.status === 'none' || !seesProduct(principal, state.product_id))
      return refuseSubscription('SUBSCRIPTION_NOT_FOUND');
    return state;
  }

  /** Decides a command, and issues the invoice that it asks for. @throws Refusal */
  async handle(
    id: string,
    command: (state: SubscriptionState, version: number) => SubscriptionCommand,
    options: HandleOptions<SubscriptionState, SubscriptionEvent>,
  ): Promise<Subscribed> {
    const outcome = await this.store.handle(
      subscriptionStream,
      id,
      (state, version) => decideSubscription(command(state, version), state),
      options,
    );
    return this.#invoice(id, outcome, options.metadata);
  }

  /**
   * Does everything that is due for a subscription, and issues the invoices that a crash has prevented. Each step is safe to repeat:
   * events are decided from the state, and ids of invoices are derived from what they charge.
   */
  async advance(id: string, metadata: EventMetadata): Promise<void> {
    const { state } = await this.store.load(subscriptionStream, id);
    if (state.status === 'none') return;
    if (state.unpaid.length > 0) await this.issueMissing(state.unpaid, metadata);
    for (;;) {
      const passing = await this.#passing(id);
      if (passing === undefined) return;
      const { command, expectedVersion } = passing;
      const outcome = await this.handle(id, () => command, { metadata, expectedVersion }).catch(decideAgain);
      if (outcome?.events.length === 0) return;
    }
  }

  /** Issues those of the invoices that do not exist, as a crash prevented it. @throws Refusal */
  async issueMissing(invoice_ids: readonly string[], metadata: EventMetadata): Promise<void> {
    const { rows } = await this.database.pool.query<Pick<UninvoicedChargeRow, 'subscription_id' | 'version'>>({
      name: 'missing_invoices',
      text: 'select subscription_id, version from uninvoiced_charges where invoice_id = any($1)',
      values: [invoice_ids],
    });
    for (const { subscription_id: id, version } of rows) {
      const { state } = await this.store.load(subscriptionStream, id);
      const charged = await this.store.readStream<SubscriptionEvent>(id, { after: version - 1, limit: 1 });
      if (state.status === 'none') continue;
      for (const charge of chargesOf(charged.map(({ event }) => event))) {
        const issued = await this.#issue(id, state, charge, metadata);
        if (issued instanceof Refusal) throw issued;
        if (issued) await this.settle(id, charge.invoice_id, true, metadata);
      }
    }
  }

  /** The command for the next thing that is due, for the version that it was made for; undefined = nothing is. */
  async #passing(id: string): Promise<{ command: LetTimePass; expectedVersion: number } | undefined> {
    const now = this.clock.now().toISOString();
    const { state, version } = await this.store.load(subscriptionStream, id);
    const next = nextStep(state);
    if (state.status === 'none' || next === undefined || next.at > now) return undefined;
    const { pending_change } = state;
    const command: LetTimePass = {
      type: 'LetTimePass',
      now,
      ...(await this.#usageOf(id, state, next)),
      next: pending_change === null ? null : await this.#change(state, pending_change),
      dunning: this.terms.dunning,
    };
    return { command, expectedVersion: version };
  }

  /**
   * What was used until the end of a subscription and not charged yet. Decide with the version of `state`, so that it is charged
   * once.
   */
  async lastUsage(id: string, state: Subscription, end: Time): Promise<LastUsage> {
    const used = await this.#usage(id, state, `period/${end}`, end, end);
    const { offer } = used;
    return offer === null ? used : { ...used, usage_open_until: await this.usage.openUntil(state, offer, end) };
  }

  /** The usage that a step charges: that of the period that ends, or of the subscription. */
  #usageOf(id: string, state: Subscription, { step, at }: Scheduled): Promise<LastUsage> {
    const isEnd = step === 'give_up' || (step === 'end_period' && state.cancel_at_period_end);
    if (isEnd) return this.lastUsage(id, state, at);
    if (step === 'settle_usage') return this.#usage(id, state, `usage/${at}`, at, state.canceled_at ?? at);
    const end = state.period?.end ?? at;
    return this.#usage(id, state, `period/${end}`, end, step === 'end_period' ? at : null);
  }

  /** @param what names the charge, @param at its time; @param until null = usage is not charged */
  async #usage(id: string, state: Subscription, what: string, at: Time, until: Time | null): Promise<LastUsage> {
    const offer = state.price_id === null ? null : await this.offers.find(state.price_id);
    return {
      offer,
      usage: offer === null || until === null ? [] : await this.usage.lines(id, state, offer, until),
      usage_open_until: null,
      invoice_id: invoiceOfSubscription(id, what, at),
      due_days: await this.terms.dueDays(state.provider, state.customer_id),
    };
  }

  async #change(
    { license_id }: Subscription,
    { price_id, quantity }: NonNullable<Subscription['pending_change']>,
  ): Promise<LetTimePass['next']> {
    const offer = await this.offers.find(price_id);
    return { offer, fits: tooSmall(offer.plan, quantity, await this.offers.inUse(license_id)) === undefined };
  }

  /** Issues the invoices of what was charged. One on which nothing is due is settled at once. */
  async #invoice(id: string, outcome: Subscribed, metadata: EventMetadata): Promise<Subscribed> {
    const { state } = outcome;
    let last = outcome;
    if (state.status === 'none') return outcome;
    for (const charge of chargesOf(outcome.events.map(({ event }) => event))) {
      if ((await this.#issue(id, state, charge, metadata)) !== true) continue;
      const paid = await this.settle(id, charge.invoice_id, true, metadata);
      last = { ...paid, events: [...last.events, ...paid.events] };
    }
    return last;
  }

  /**
   * Issues an invoice. What is charged has been decided, so a refusal is told to the merchant, and `issue-charges` tries again until
   * the reason is mended.
   * @returns true if nothing is due on it
   */
  async #issue(id: string, state: Subscription, charge: Charge, metadata: EventMetadata): Promise<boolean | Refusal> {
    try {
      return await this.charges.issue(id, state, charge, metadata);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { country } = error.extensions;
      const blocked: SubscriptionCommand = {
        type: 'BlockInvoice',
        invoice_id: charge.invoice_id,
        reason: String(error.code),
        country: typeof country === 'string' ? country : null,
      };
      await this.store.handle(subscriptionStream, id, (present) => decideSubscription(blocked, present), { metadata });
      return error;
    }
  }

  /** An invoice of the subscription was paid, or its operator voided it. */
  async settle(id: string, invoice_id: string, paid: boolean, metadata: EventMetadata): Promise<Subscribed> {
    const now = this.clock.now().toISOString();
    const { state } = await this.store.load(subscriptionStream, id);
    const recipient_sealed =
      state.status === 'pending_payment' ? await this.terms.recipient(state.customer_id, id) : null;
    return this.store.handle(
      subscriptionStream,
      id,
      (present) => decideSubscription({ type: 'InvoiceSettled', now, invoice_id, paid, recipient_sealed }, present),
      { metadata },
    );
  }
}

/** Another command came between: what is due is decided on the new state. */
const decideAgain = (error: unknown): undefined => {
  if (!(error instanceof StaleVersionError)) throw error;
};

import { Inject, Injectable } from '@nestjs/common';
import type { Static } from 'typebox';
import type { Offer } from '#domain/billing/subscription/offer';
import { invoiceOfSubscription } from '#domain/billing/subscription/invoice-of';
import { refuseSubscription } from '#domain/billing/subscription/subscription.errors';
import { chargesOf, type SubscriptionProvider } from '#domain/billing/subscription/subscription.events';
import { type Subscribe, subscribe } from '#domain/billing/subscription/subscription.start';
import { type SubscriptionState, subscriptionStream } from '#domain/billing/subscription/subscription';
import { newId } from '#domain/shared/id';
import { licenseOfSubscription } from '#domain/shared/license-of';
import type { EventMetadata } from '#events/event';
import { UniqueViolationError } from '#events/store';
import { CLOCK, type Clock } from '#platform/clock/clock';
import { type Customer, Customers } from '../customers/customers.ts';
import { Providers } from '../payments/providers.ts';
import { KnownProducts } from '../plans/known-products.ts';
import { ChargeInvoices } from './charge-invoices.ts';
import { Discounting } from './discounting.ts';
import { FirstPayments } from './first-payments.ts';
import { Invoices } from '../invoices/invoices.ts';
import { Organization } from '../organization/organization.ts';
import { BillingTerms } from './billing-terms.ts';
import { Offers } from './offers.ts';
import type { subscribe as endpoint } from './subscription.endpoints.ts';
import { SubscriptionList } from './subscription.list.ts';
import { SubscriptionSettings } from './subscription.settings.ts';
import { ONE_LIVE } from './subscription.table.ts';
import { ONE_TRIAL } from './subscription-trial.table.ts';
import { Subscriptions } from './subscriptions.ts';

type Asked = Static<(typeof endpoint)['body']>;

/** A subscription that was started, or that the same call had started before. */
export interface Started {
  readonly id: string;
  readonly state: SubscriptionState;
}

/** What is wanted, under the id that it will have. */
interface Sale {
  readonly id: string;
  readonly asked: Asked;
  readonly offer: Offer;
  readonly sole: boolean;
}

/** Stands for a customer that does not exist yet. */
const NEW_CUSTOMER = 'cus_new';

/** Starts subscriptions. */
@Injectable()
export class Subscribing {
  constructor(
    private readonly offers: Offers,
    private readonly customers: Customers,
    private readonly products: KnownProducts,
    private readonly providers: Providers,
    private readonly subscriptions: Subscriptions,
    private readonly list: SubscriptionList,
    private readonly terms: BillingTerms,
    private readonly discounting: Discounting,
    private readonly payments: FirstPayments,
    private readonly charges: ChargeInvoices,
    private readonly invoices: Invoices,
    private readonly organization: Organization,
    private readonly settings: SubscriptionSettings,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Creates the subscription and issues its first invoice. The unique indexes have the last word on one live subscription and one
   * trial, so parallel calls cannot get past them.
   * @throws Refusal SUBSCRIPTION_EXISTS with the id of the one that lives
   */
  async start(asked: Asked, options: Parameters<Subscriptions['handle']>[2]): Promise<Started> {
    const { metadata } = options;
    const offer = await this.offers.wanted(asked);
    const { product_id } = offer.price;
    const sole = !(await this.products.allowsSeveral(product_id));
    const begun = sole ? await this.#begun(asked, offer) : undefined;
    if (begun !== undefined) return begun;
    const id = newId('sub');
    const known = await this.#known(asked);
    const sale: Sale = { id, asked, offer, sole };
    await this.#assertPossible(sale, known);
    const command = await this.#redeemed(sale, await this.#customer(asked, known, metadata), metadata);
    try {
      if (known === undefined) await this.#assertInvoiceable(id, command);
      return await this.#create(id, command, options);
    } catch (error) {
      if ((await this.list.byId(id)) !== undefined) throw error;
      if (command.discount !== null) await this.discounting.release(command.discount.coupon_id, id, metadata);
      if (error instanceof UniqueViolationError && error.constraint === ONE_LIVE)
        return (await this.#begun(asked, offer)) ?? this.start(asked, options);
      throw error;
    }
  }

  /** A customer that has had the trial of the product begins without one. */
  async #create(id: string, command: Subscribe, options: Parameters<Subscriptions['handle']>[2]): Promise<Started> {
    const create = async (trial_days: number): Promise<Started> => {
      const created = { ...options, expectedVersion: 0 };
      const { state } = await this.subscriptions.handle(id, () => ({ ...command, trial_days }), created);
      return { id, state };
    };
    return create(command.trial_days).catch((error: unknown) => {
      if (error instanceof UniqueViolationError && error.constraint === ONE_TRIAL) return create(0);
      throw error;
    });
  }

  /**
   * The subscription that the same call began before, if its payment provider has not answered yet: the call goes on with it.
   * @returns undefined if the subscriber has none
   * @throws Refusal SUBSCRIPTION_EXISTS for any other one
   */
  async #begun(
    { subscriber, quantity = 1, provider }: Asked,
    { price, price_id }: Offer,
  ): Promise<Started | undefined> {
    const living = await this.list.blocking(price.product_id, subscriber);
    if (living === undefined) return undefined;
    const { id, state } = living;
    const isSame =
      state.price_id === price_id && state.quantity === quantity && (provider ?? state.provider) === state.provider;
    if (isSame && (await this.payments.isUnanswered(state))) return { id, state };
    return refuseSubscription('SUBSCRIPTION_EXISTS', { subscription_id: id });
  }

  /** Refuses before anything is written: a call that is refused creates no customer and redeems no coupon. */
  async #assertPossible(sale: Sale, known: Customer | undefined): Promise<void> {
    const command = await this.#command(sale, known);
    const { code, of } = couponOf(sale, known);
    const discount = code === null ? null : await this.discounting.check(code, of);
    await this.#assertInvoiceable(sale.id, { ...command, discount }, known !== undefined);
  }

  /** Refuses what the first invoice would be refused for. @param isKnown the customer exists, so that its taxes are known */
  async #assertInvoiceable(id: string, command: Subscribe, isKnown = true): Promise<void> {
    const events = subscribe(command);
    const state = events.reduce(subscriptionStream.evolve, subscriptionStream.initialState);
    const [charge] = chargesOf(events);
    if (state.status === 'none' || charge === undefined) return;
    await this.organization.seller();
    if (isKnown) await this.invoices.preview(this.charges.request(id, state, charge));
  }

  /** The command, with the discount of the coupon: from now on it counts as redeemed. */
  async #redeemed(sale: Sale, customer: Customer, metadata: EventMetadata): Promise<Subscribe> {
    const command = await this.#command(sale, customer);
    const { code, of } = couponOf(sale, customer);
    if (code === null) return command;
    return { ...command, discount: (await this.discounting.redeem(code, of, metadata)).discount };
  }

  /** @param customer undefined = it does not exist yet */
  async #command({ id, asked, offer, sole }: Sale, customer: Customer | undefined): Promise<Subscribe> {
    const { subscriber, quantity = 1, po_number = null, metadata: notes = {} } = asked;
    const now = this.clock.now().toISOString();
    const customer_id = customer?.customer_id ?? NEW_CUSTOMER;
    const { product_id, plan_id } = offer.price;
    const trial_days = (await this.list.hasHadTrial(customer_id, product_id)) ? 0 : offer.price.trial_days;
    const provider = this.#provider(asked, offer, trial_days);
    const due_days = this.terms.dueDaysOf(provider, customer);
    return {
      type: 'Subscribe',
      now,
      terms: {
        product_id,
        plan_id,
        price_id: offer.price_id,
        quantity,
        subscriber,
        customer_id,
        license_id: licenseOfSubscription(id),
        biller: 'keyledger',
        provider,
        provider_id: null,
        po_number,
        metadata: notes,
      },
      offer,
      sole,
      trial_days,
      discount: null,
      invoice_id: invoiceOfSubscription(id, 'create', now),
      due_days,
      pending_until: this.terms.pendingUntil(now, due_days),
      recipient_sealed: customer === undefined ? null : await this.terms.recipient(customer_id, id),
    };
  }

  /** The customer that the call names; undefined if its address is new. @throws Refusal CUSTOMER_NOT_FOUND */
  async #known({ customer_id, email }: Asked): Promise<Customer | undefined> {
    const id = customer_id ?? (await this.customers.idOf(email));
    return id === undefined ? undefined : this.customers.present(id);
  }

  async #customer({ customer_id, email, name = null }: Asked, known: Customer | undefined, metadata: EventMetadata) {
    return customer_id !== undefined && known !== undefined
      ? known
      : this.customers.forEmail(email, { name }, metadata);
  }

  /** A free price needs no provider; a trial without a card, and a transfer, need none that is configured. */
  #provider({ provider }: Asked, { price }: Offer, trial_days: number): SubscriptionProvider {
    const isFree = price.amount === 0 && price.setup_amount === 0 && price.usage === null;
    if (isFree) return 'none';
    const wanted = provider ?? this.settings.default_provider;
    if (wanted === 'bank_transfer' || trial_days > 0 || this.providers.names.includes(wanted)) return wanted;
    return refuseSubscription('PAYMENT_PROVIDER_NOT_CONFIGURED', { provider: wanted });
  }
}

const couponOf = ({ id, asked, offer }: Sale, customer: Customer | undefined) => ({
  code: asked.coupon ?? null,
  of: {
    subscription_id: id,
    customer_id: customer?.customer_id ?? NEW_CUSTOMER,
    product_id: offer.price.product_id,
    price_id: offer.price_id,
  },
});

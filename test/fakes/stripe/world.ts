import type { Clock } from '#platform/clock/clock';
import { Collection } from './collection.ts';
import type * as Wire from './objects.ts';
import { Timers } from './timers.ts';

/** The API version that the client `stripe` 23.1.0 asks for. */
export const API_VERSION = '2026-10-28.endive';

export interface WorldSettings {
  readonly livemode: boolean;
  readonly account: string;
  readonly country: string;
  readonly currency: string;
  /** Of events for webhook endpoints that were created without a version. */
  readonly default_api_version: string;
  /** What happens to a subscription after the last retry of a payment. */
  after_retries: 'cancel' | 'unpaid' | 'past_due';
  /** Days between the attempts to charge an invoice. */
  retry_days: readonly number[];
  /** Seconds until a refund succeeds; 0 = at once. */
  refund_seconds: number;
  /** Seconds until the summaries of a meter count an event. */
  meter_lag_seconds: number;
  /** How many events are kept: benchmarks with 100,000 subscriptions would fill the memory. With 0, none is made but for webhooks. */
  most_events: number;
}

/** What was charged for a subscription item: credits of the flexible billing mode come from it. */
export interface Debit {
  readonly line: string;
  readonly amount: number;
  readonly period: Wire.Period;
  readonly price: Wire.Price;
  readonly quantity: number;
}

export interface MeterUse {
  readonly id: string;
  readonly identifier: string;
  readonly event_name: string;
  readonly customer: string;
  readonly value: number;
  readonly timestamp: number;
  readonly received: number;
}

/** What other objects do after one has changed; each part of the fake registers its own. */
export interface Reactions {
  invoicePaid(invoice: Wire.Invoice): void;
  invoiceFailed(invoice: Wire.Invoice): void;
  invoiceClosed(invoice: Wire.Invoice): void;
  invoiceOverdue(invoice: Wire.Invoice): void;
  paymentSucceeded(intent: Wire.PaymentIntent): void;
  paymentFailed(intent: Wire.PaymentIntent): void;
  periodEnds(subscription: Wire.Subscription): void;
}

/** Gives a delivery to webhooks; the world only says what has happened. */
export interface Listener {
  snapshot(event: Wire.SnapshotEvent): void;
  thin(event: Wire.ThinEvent): void;
}

/** All that Stripe knows of one account. It does no I/O. */
export class World {
  readonly timers = new Timers();
  readonly products = new Collection<Wire.Product>();
  readonly prices = new Collection<Wire.Price>(({ lookup_key, product }) => [lookup_key, product]);
  /** Tiers of prices, shown only when they are expanded. */
  readonly tiers = new Map<string, Wire.Tier[]>();
  readonly coupons = new Collection<Wire.Coupon>();
  /** Products that a coupon is limited to. */
  readonly couponProducts = new Map<string, string[]>();
  readonly promotionCodes = new Collection<Wire.PromotionCode>(({ code }) => [code.toLowerCase()]);
  readonly discounts = new Collection<Wire.Discount>();
  readonly taxRates = new Collection<Wire.TaxRate>();
  readonly customers = new Collection<Wire.Customer>(({ email }) => [email]);
  readonly deletedCustomers = new Set<string>();
  readonly taxIds = new Collection<Wire.TaxId>(({ customer }) => [customer]);
  readonly balanceTransactions = new Collection<Wire.BalanceTransaction>(({ customer }) => [customer]);
  readonly paymentMethods = new Collection<Wire.PaymentMethod>(({ customer }) => [customer]);
  readonly setupIntents = new Collection<Wire.SetupIntent>(({ customer }) => [customer]);
  readonly paymentIntents = new Collection<Wire.PaymentIntent>(({ customer }) => [customer]);
  readonly charges = new Collection<Wire.Charge>(({ payment_intent, customer }) => [payment_intent, customer]);
  readonly refunds = new Collection<Wire.Refund>(({ charge }) => [charge]);
  readonly disputes = new Collection<Wire.Dispute>(({ charge }) => [charge]);
  readonly warnings = new Collection<Wire.EarlyFraudWarning>(({ charge }) => [charge]);
  readonly invoices = new Collection<Wire.Invoice>(({ customer, parent }) => [
    customer,
    parent?.subscription_details.subscription ?? null,
  ]);
  readonly invoicePayments = new Collection<Wire.InvoicePayment>(({ invoice, payment }) => [
    invoice,
    payment.payment_intent,
  ]);
  readonly invoiceItems = new Collection<Wire.InvoiceItem>(({ customer }) => [customer]);
  /** Lines that wait for the next invoice of a subscription: prorations, add_invoice_items. */
  readonly pendingLines = new Map<string, Wire.InvoiceLine[]>();
  /** By subscription item. */
  readonly debits = new Map<string, Debit[]>();
  readonly creditNotes = new Collection<Wire.CreditNote>(({ invoice }) => [invoice]);
  readonly creditNoteLines = new Map<string, object[]>();
  readonly subscriptions = new Collection<Wire.Subscription>(({ customer }) => [customer]);
  readonly subscriptionItems = new Map<string, string>();
  readonly schedules = new Collection<Wire.Schedule>(({ customer }) => [customer]);
  readonly sessions = new Collection<Wire.CheckoutSession>(({ customer }) => [customer]);
  readonly meters = new Collection<Wire.Meter>(({ event_name }) => [event_name]);
  readonly uses = new Collection<MeterUse>(({ identifier, customer, event_name }) => [
    `identifier ${identifier}`,
    `${customer} ${event_name}`,
  ]);
  readonly endpoints = new Collection<Wire.WebhookEndpoint>();
  readonly destinations = new Collection<Wire.EventDestination>();
  /** Signing secrets of endpoints and destinations; the newest last. */
  readonly secrets = new Map<string, string[]>();
  readonly events = new Collection<Wire.SnapshotEvent>();
  readonly thinEvents = new Collection<Wire.ThinEvent>();
  readonly portalConfigurations = new Collection<Wire.Thing>();
  /** Behavior of payment methods, by id. */
  readonly cards = new Map<string, string>();
  /** Attempts that were made with a payment method. */
  readonly attempts = new Map<string, number>();

  reactions: Reactions = {
    invoicePaid: () => undefined,
    invoiceFailed: () => undefined,
    invoiceClosed: () => undefined,
    invoiceOverdue: () => undefined,
    paymentSucceeded: () => undefined,
    paymentFailed: () => undefined,
    periodEnds: () => undefined,
  };
  listener: Listener = { snapshot: () => undefined, thin: () => undefined };
  /** Of the request that is being answered; empty for what happens by itself. */
  request: { id: string | null; idempotency_key: string | null } = { id: null, idempotency_key: null };
  #sequence = 0;
  #replayed: number | undefined;

  constructor(
    private readonly clock: Clock,
    readonly settings: WorldSettings,
    private readonly salt: string,
  ) {}

  /** Unix seconds; while due timers run, the time at which each of them was due. */
  now(): number {
    return this.#replayed ?? this.present();
  }

  /** Unix seconds of the clock, also while due timers run: a receiver compares signatures with this time. */
  present(): number {
    return Math.floor(this.clock.now().getTime() / 1000);
  }

  /** Does what was due by now, each at its own time. */
  catchUp(): void {
    if (this.#replayed !== undefined) return;
    const until = this.now();
    const { request } = this;
    this.request = { id: null, idempotency_key: null };
    for (let next = this.timers.due(until); next !== undefined; next = this.timers.due(until)) {
      this.#replayed = next.at;
      try {
        next.run();
      } finally {
        this.#replayed = undefined;
      }
    }
    this.request = request;
  }

  id(prefix: string): string {
    this.#sequence += 1;
    return `${prefix}_${this.salt}${this.#sequence.toString(36).padStart(8, '0')}`;
  }

  /** Fields that every object has. */
  made<Kind extends string>(object: Kind, prefix: string) {
    return { id: this.id(prefix), object, created: this.now(), livemode: this.settings.livemode };
  }

  emit(type: string, object: object, previous?: object): void {
    if (this.settings.most_events === 0 && this.endpoints.size === 0) return;
    const event: Wire.SnapshotEvent = {
      ...this.made('event', 'evt'),
      api_version: this.settings.default_api_version,
      data: { object: structuredClone(object), ...(previous && { previous_attributes: previous }) },
      pending_webhooks: this.endpoints.size,
      request: { ...this.request },
      type,
    };
    this.events.add(event);
    this.events.trim(this.settings.most_events);
    this.listener.snapshot(event);
  }

  emitThin(type: string, related: Wire.ThinEvent['related_object'], data: object): void {
    const event: Wire.ThinEvent = {
      id: this.id('evt_test'),
      object: 'v2.core.event',
      created: new Date(this.now() * 1000).toISOString(),
      livemode: this.settings.livemode,
      type,
      related_object: related,
      data,
    };
    this.thinEvents.add(event);
    this.listener.thin(event);
  }

  /** Changes an object and emits its event with `previous_attributes`; without a difference there is no event. */
  change<T extends object>(object: T, type: string, mutate: (object: T) => void): void {
    const before = structuredClone(object);
    mutate(object);
    const previous = differences(before, object);
    if (Object.keys(previous).length > 0) this.emit(type, object, previous);
  }
}

/** Former values of the fields that differ. */
const differences = (before: object, after: object): object => {
  const now = new Map<string, unknown>(Object.entries(after));
  return Object.fromEntries(
    Object.entries(before).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(now.get(name))),
  );
};

const NULLS = new Map<string, object>();

/** Fields that are null in all that the fake plays. */
export const nulls = (names: string): object => {
  const known = NULLS.get(names) ?? Object.fromEntries(names.split(' ').map((name) => [name, null]));
  NULLS.set(names, known);
  return { ...known };
};

import fc from 'fast-check';
import { holds } from '#domain/testing/holds';
import { RUNS } from '#domain/testing/runs';
import { changeTo, JAN_31, NO_USAGE, offerOf, subscribeTo, timePasses } from '#domain/testing/subscription.given';
import { documentOf } from '#domain/testing/invoice.given';
import { Refusal } from '../shared/refusal.ts';
import { addDays, type Time } from '../shared/time.ts';
import { decideInvoice, type InvoiceCommand } from './invoice/invoice.commands.ts';
import type { Finalized, InvoiceEvent } from './invoice/invoice.events.ts';
import { type Invoice, invoiceStream, type InvoiceState, isFinalized } from './invoice/invoice.ts';
import { assignNumbers, type NumberAssigned, numberStream } from './invoice/number.ts';
import { decidePayment, type PaymentCommand } from './payment/payment.commands.ts';
import { type PaymentEvent, paymentStream, type PaymentState } from './payment/payment.ts';
import { computeTotals } from './pricing/totals.ts';
import { decideSubscription, type SubscriptionCommand } from './subscription/subscription.commands.ts';
import { type Charge, chargesOf, type SubscriptionEvent } from './subscription/subscription.events.ts';
import { subscriptionStream, type SubscriptionState } from './subscription/subscription.ts';
import { dueAt } from './subscription/subscription.schedule.ts';
import { BLOCKING_STATUSES } from './subscription/subscription.statuses.ts';

const OFFERS = [
  offerOf(),
  offerOf({ amount: 3_333 }, {}, { price_id: 'price_2' }),
  offerOf({ amount: 10_001, interval: 'year' }, {}, { price_id: 'price_3' }),
] as const;
const DUNNING = { reminder_days: [1, 3, 7, 14], unpaid_days: 30 };

/** Deliveries of all messages after which nothing may change any more. */
const ROUNDS = 20;

/** One of these, as often as its weight says: most lives must be long, or nothing would be seen of renewals. */
const oneOf = (weights: Readonly<Record<string, number>>): fc.Arbitrary<string> =>
  fc.oneof(...Object.entries(weights).map(([what, weight]) => ({ arbitrary: fc.constant(what), weight: 2 * weight })));

/** Something that happens; `to` and `of` choose what it happens to. */
const happening = fc.record({
  days: fc.constantFrom(0, 0, 0, 0.25, 0.25, 1, 1, 5, 31),
  what: oneOf({
    subscribe: 3,
    sale: 7,
    time: 2,
    due: 6,
    pay: 2,
    observe: 3,
    hear: 4,
    change: 2,
    schedule: 1,
    cancel: 0.5,
    resume: 0.5,
    pause: 0.5,
    unpause: 2,
    refund: 1,
    void: 0.5,
    overdue: 3,
  }),
  of: fc.nat(9),
  state: fc.constantFrom('processing' as const, 'succeeded' as const, 'succeeded' as const, 'failed' as const),
  /** Done twice. */
  again: fc.boolean(),
});
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

/** A message from one aggregate to another; it may be delivered late, several times, and in any order. */
type Message =
  | {
      readonly to: 'subscription';
      readonly id: string;
      readonly invoice_id: string;
      readonly type: InvoiceEvent['type'];
    }
  | { readonly to: 'invoice'; readonly payment_id: string };

interface Stream<State, Event> {
  readonly initialState: State;
  evolve(this: void, state: State, event: Event): State;
}

/** States by the lists of events that they are folded from: a list never changes. */
const states = new WeakMap<readonly unknown[], unknown>();

const stateOf = <State, Event>({ initialState, evolve }: Stream<State, Event>, events?: readonly Event[]): State => {
  if (events === undefined) return initialState;
  const known = states.get(events) ?? events.reduce(evolve, initialState);
  states.set(events, known);
  return known as State;
};

/** Billing in memory: the deciders wired as the services wire them, with one customer and one product. */
class World {
  now: Time = JAN_31;
  readonly subscriptions = new Map<string, SubscriptionEvent[]>();
  readonly invoices = new Map<string, InvoiceEvent[]>();
  readonly payments = new Map<string, PaymentEvent[]>();
  readonly numbers: NumberAssigned[] = [];
  /** All messages that were ever sent. */
  readonly sent: Message[] = [];
  /** What the provider has: the truth about money. */
  readonly charged = new Map<string, number>();
  readonly givenBack = new Map<string, number>();

  subscription = (id: string): SubscriptionState => stateOf(subscriptionStream, this.subscriptions.get(id));
  invoice = (id: string): InvoiceState => stateOf(invoiceStream, this.invoices.get(id));
  payment = (id: string): PaymentState => stateOf(paymentStream, this.payments.get(id));

  live(): string[] {
    return [...this.subscriptions.keys()].filter((id) => {
      const { status } = this.subscription(id);
      return status !== 'none' && BLOCKING_STATUSES.includes(status);
    });
  }

  happen({ days, what, of, state, again }: Happening): void {
    this.now = addDays(this.now, days);
    const act = (): void => {
      // Mostly to what lives and is open.
      const ids = of < 7 ? this.live() : [...this.subscriptions.keys()];
      const id = ids.at(of % Math.max(1, ids.length)) ?? '';
      const invoices = [...this.invoices.keys()].filter((one) => of > 6 || this.invoice(one).status === 'open');
      const invoice_id = invoices.at(-1 - (of % Math.max(1, invoices.length))) ?? '';
      const payment_id = [...this.payments.keys()].at(-1 - (of % Math.max(1, this.payments.size))) ?? '';
      const acts: Readonly<Record<string, () => void>> = {
        subscribe: () => this.#subscribe(of),
        sale: () => this.#sell(invoice_id, of % 3),
        time: () => this.#time(id, of),
        due: () => this.#due(id, of),
        pay: () => this.#pay(invoice_id, of % 3),
        observe: () => this.#observe(payment_id, state),
        hear: () => this.#hear(this.sent.at(-1 - of)),
        change: () => this.#change(id, of, 'now'),
        schedule: () => this.#change(id, of, 'period_end'),
        resume: () => this.#command(id, { type: 'Resume' }),
        cancel: () => this.#cancel(id, of % 2 === 0),
        pause: () => this.#command(id, { type: 'Pause', now: this.now, resumes_at: null }),
        unpause: () => this.#command(id, { type: 'Unpause', now: this.now }),
        refund: () => this.#refund(invoice_id, of),
        void: () => this.#tellInvoice(invoice_id, { type: 'VoidInvoice', reason: null, now: this.now }),
        overdue: () => this.#miss(invoice_id),
      };
      refusable(acts[what] ?? (() => undefined));
    };
    act();
    if (again) act();
  }

  /** The unique index of the table: only one may live. */
  #subscribe(n: number): void {
    if (this.live().length > 0) return;
    const [, second] = [OFFERS[0], OFFERS[n % OFFERS.length] ?? OFFERS[0]];
    const id = `sub_${this.subscriptions.size}`;
    const due_days = n % 2 === 0 ? 14 : null;
    const command = subscribeTo(second, {
      now: this.now,
      due_days,
      invoice_id: `inv_${id}_create`,
      pending_until: addDays(this.now, 20),
      terms: { provider: due_days === null ? 'hyperswitch' : 'bank_transfer' },
    });
    this.subscriptions.set(id, []);
    this.#command(id, command);
  }

  #command(id: string, command: SubscriptionCommand): void {
    const before = this.subscription(id);
    const events = decideSubscription(command, before);
    this.subscriptions.set(id, [...(this.subscriptions.get(id) ?? []), ...events]);
    for (const event of events) {
      for (const charge of chargesOf([event])) this.#issue(id, charge);
      if (event.type === 'subscription.canceled' || event.type === 'subscription.expired') this.#close(id, event);
    }
  }

  #issue(id: string, charge: Charge): void {
    const state = this.subscription(id);
    if (state.status === 'none' || this.invoices.has(charge.invoice_id)) return;
    const document = {
      document_id: charge.invoice_id,
      invoice_id: charge.invoice_id,
      issued_at: this.now,
      request: null,
    };
    const [number] = assignNumbers(
      { series: 'invoice', year: 2027, prefix: 'INV', documents: [document] },
      this.numbers.reduce(numberStream.evolve, numberStream.initialState),
    );
    if (number === undefined) throw new Error('no number');
    this.numbers.push(number);
    const totals = computeTotals({
      ...charge,
      taxOf: () => ({ rate: '19', category: 'S', name: 'VAT' }),
    });
    const balance_applied = Math.min(0, totals.total);
    const finalized: Finalized = documentOf({
      ...totals,
      number: number.number,
      subscription_id: id,
      currency: charge.currency,
      provider: state.provider,
      issued_at: number.issued_at,
      due_at: charge.due_at,
      balance_applied,
      amount_due: totals.total - balance_applied,
    });
    this.#tellInvoice(charge.invoice_id, { type: 'FinalizeInvoice', document: finalized });
  }

  #close(id: string, event: SubscriptionEvent): void {
    const state = this.subscription(id);
    if (state.status === 'none') return;
    for (const invoice_id of state.unpaid.filter((one) => !state.final_invoice_ids.includes(one)))
      refusable(() =>
        this.#tellInvoice(
          invoice_id,
          'reason' in event && event.reason === 'unpaid'
            ? { type: 'MarkUncollectible' }
            : { type: 'VoidInvoice', reason: null, now: this.now },
        ),
      );
  }

  #tellInvoice(invoice_id: string, command: InvoiceCommand): void {
    const events = decideInvoice(command, this.invoice(invoice_id));
    this.invoices.set(invoice_id, [...(this.invoices.get(invoice_id) ?? []), ...events]);
    const state = this.invoice(invoice_id);
    const id = isFinalized(state) ? state.document.subscription_id : null;
    for (const { type } of events) if (id !== null) this.sent.push({ to: 'subscription', id, invoice_id, type });
  }

  #pay(invoice_id: string, attempt: number): void {
    const invoice = this.invoice(invoice_id);
    if (!isFinalized(invoice) || invoice.status !== 'open') return;
    const { currency, customer_id, product_id, subscription_id } = invoice.document;
    const of = { invoice_id, customer_id, product_id, subscription_id, currency, attempt, provider: 'hyperswitch' };
    const payment_id = paymentOf(invoice_id, attempt);
    this.#decidePayment(payment_id, {
      type: 'CreatePayment',
      of: { ...of, amount: invoice.amount_due },
      off_session: true,
      idempotency_key: payment_id,
      now: this.now,
    });
  }

  /** An invoice is paid, and all hear of it in their order. */
  #sell(invoice_id: string, attempt: number): void {
    this.#pay(invoice_id, attempt);
    const payment_id = paymentOf(invoice_id, attempt);
    this.#observe(payment_id, 'succeeded');
    const sent = this.sent.length;
    this.#settle(payment_id);
    for (const message of this.sent.slice(sent)) this.#hear(message);
  }

  #observe(payment_id: string, state: Happening['state']): void {
    const payment = this.payment(payment_id);
    if (payment.status === 'none') return;
    // The provider never takes back what it has charged.
    const seen = this.charged.has(payment_id) ? 'succeeded' : state;
    if (seen === 'succeeded') this.charged.set(payment_id, payment.amount);
    const { amount, currency } = payment;
    const observation = { state: seen, provider_id: payment_id, amount, currency, error: null, final: false };
    this.#decidePayment(payment_id, { type: 'ObservePayment', observation: { ...observation, observed_at: this.now } });
  }

  #decidePayment(payment_id: string, command: PaymentCommand): void {
    const events = decidePayment(command, this.payment(payment_id));
    this.payments.set(payment_id, [...(this.payments.get(payment_id) ?? []), ...events]);
    if (events.length > 0) this.sent.push({ to: 'invoice', payment_id });
  }

  #refund(invoice_id: string, n: number): void {
    const refund_id = `ref_${invoice_id}_${n % 2}`;
    const refund_ids = [refund_id, `${refund_id}/1`, `${refund_id}/2`];
    const amount = n % 3 === 0 ? null : 100 * n;
    this.#tellInvoice(invoice_id, { type: 'RequestRefund', refund_ids, amount, reason: null, now: this.now });
    const invoice = this.invoice(invoice_id);
    if (!isFinalized(invoice)) return;
    for (const [id, { payment_id, amount: part, status }] of invoice.refunds) {
      if (status !== 'pending') continue;
      const refund = { refund_id: id, amount: part };
      this.#decidePayment(payment_id, { type: 'RequestPaymentRefund', ...refund, reason: null, now: this.now });
      this.givenBack.set(id, part);
      const observation = { state: 'succeeded', error: null } as const;
      this.#decidePayment(payment_id, { type: 'ObserveRefund', ...refund, observation });
    }
  }

  /** Delivers a message. What it tells is read from the sender as it is now. */
  #hear(message: Message | undefined): void {
    if (message?.to === 'invoice') this.#settle(message.payment_id);
    else if (message !== undefined) this.#follow(message);
  }

  #settle(payment_id: string): void {
    const payment = this.payment(payment_id);
    if (payment.status === 'none') return;
    const { invoice_id, amount, currency, attempt, status, paid_at } = payment;
    if (status === 'succeeded')
      this.#tellInvoice(invoice_id, {
        type: 'ReceivePayment',
        ...{ payment_id, amount, currency, paid_at: paid_at ?? this.now, method: 'card', reference: null },
        by: 'provider',
      });
    else if (status === 'failed')
      this.#tellInvoice(invoice_id, { type: 'RecordFailedPayment', payment_id, attempt, error: 'declined' });
    for (const [refund_id, refund] of payment.refunds)
      if (refund.status === 'succeeded')
        this.#tellInvoice(invoice_id, { type: 'RecordRefund', refund_id, payment_id, amount: refund.amount });
  }

  #follow({ id, invoice_id, type }: Extract<Message, { to: 'subscription' }>): void {
    const { now } = this;
    const invoice = this.invoice(invoice_id);
    if (type === 'invoice.paid' || type === 'invoice.voided')
      this.#command(id, {
        type: 'InvoiceSettled',
        now,
        invoice_id,
        paid: type === 'invoice.paid',
        recipient_sealed: null,
      });
    if (type === 'invoice.payment_failed' || type === 'invoice.overdue')
      this.#command(id, { type: 'InvoiceMissed', at: now, invoice_id, final: false, grace_days: 7, ...DUNNING });
    if (type === 'invoice.refunded' && isFinalized(invoice) && invoice.status === 'paid')
      this.#command(id, { type: 'Refunded', now, invoice_id, reason: null, ends: true, last: NO_USAGE });
  }

  /** An invoice is not paid until it is overdue, and its subscription hears of it. */
  #miss(invoice_id: string): void {
    const invoice = this.invoice(invoice_id);
    if (!isFinalized(invoice)) return;
    const late = addDays(invoice.document.due_at, 0.01);
    if (late > this.now) this.now = late;
    const sent = this.sent.length;
    this.#tellInvoice(invoice_id, { type: 'MarkOverdue', now: this.now });
    for (const message of this.sent.slice(sent)) this.#hear(message);
  }

  /** Time passes until something is due, and it is done. */
  #due(id: string, n: number): void {
    const at = dueAt(this.subscription(id));
    if (at !== null && at > this.now) this.now = at;
    this.#time(id, n);
  }

  #time(id: string, n: number): void {
    const state = this.subscription(id);
    if (state.status === 'none') return;
    const { pending_change, period, provider, price_id } = state;
    const over = {
      invoice_id: `inv_${id}_period_${period?.end ?? ''}`,
      due_days: provider === 'bank_transfer' ? 14 : null,
      next: pending_change && { offer: this.#offer(pending_change.price_id), fits: n % 3 > 0 },
    };
    this.#command(id, timePasses(this.now, this.#offer(price_id), over));
  }

  #change(id: string, n: number, when: 'now' | 'period_end'): void {
    const state = this.subscription(id);
    if (state.status === 'none') return;
    const to = OFFERS[n % OFFERS.length] ?? OFFERS[0];
    const invoice_id = `inv_${id}_change_${this.subscriptions.get(id)?.length}`;
    const due_days = state.provider === 'bank_transfer' ? 14 : null;
    const over = { when, invoice_id, due_days, quantity: 1 + (n % 3) };
    this.#command(id, changeTo(this.now, this.#offer(state.price_id), to, over));
  }

  #cancel(id: string, at_once: boolean): void {
    const ending = { reason: null, feedback: null, ...NO_USAGE };
    this.#command(id, { type: 'Cancel', now: this.now, when: at_once ? 'now' : 'period_end', ...ending });
  }

  #offer = (price_id: string | null): (typeof OFFERS)[number] =>
    OFFERS.find((offer) => offer.price_id === price_id) ?? OFFERS[0];

  /** Delivers every message again, until nothing changes: what was dropped arrives at last. */
  settleAll(): void {
    for (let before = -1, round = 0; before !== this.#size(); round++) {
      holds(round < ROUNDS, 'messages that are repeated change nothing any more');
      before = this.#size();
      for (const payment_id of this.charged.keys()) refusable(() => this.#observe(payment_id, 'succeeded'));
      for (const message of [...this.sent]) refusable(() => this.#hear(message));
    }
  }

  #size(): number {
    const all = [...this.subscriptions.values(), ...this.invoices.values(), ...this.payments.values()];
    return all.reduce((sum, events) => sum + events.length, 0);
  }
}

const paymentOf = (invoice_id: string, attempt: number): string => `pay_${invoice_id}_${attempt}`;

const refusable = (act: () => void): void => {
  try {
    act();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
};

const sum = (amounts: Iterable<number>): number => [...amounts].reduce((total, amount) => total + amount, 0);

/** Documents of an earlier moment, which must stay as they were. */
type Documents = ReadonlyMap<string, string>;

const documentsOf = (world: World): Documents =>
  new Map(
    [...world.invoices.keys()].flatMap((id): [string, string][] => {
      const invoice = world.invoice(id);
      return isFinalized(invoice) ? [[id, JSON.stringify(invoice.document)]] : [];
    }),
  );

const assertAlways = (world: World, before: Documents, documents: Documents): void => {
  const live = world.live();
  holds(live.length <= 1, 'at most one subscription lives', live);
  for (const [id, document] of before) holds(documents.get(id) === document, 'a document never changes', id);
  const counts = world.numbers.map(({ count }) => count);
  holds(
    counts.every((count, n) => count === n + 1),
    'numbers have no gaps',
    counts,
  );
  for (const events of world.subscriptions.values()) {
    const end = events.findIndex(({ status }) => status === 'canceled' || status === 'expired');
    const status = events[end]?.status;
    holds(end === -1 || events.slice(end).every((event) => event.status === status), 'nothing leaves an end', events);
  }
};

/** Each period begins where the one before has ended, and none is charged twice. */
const assertPeriods = (world: World): void => {
  for (const events of world.subscriptions.values()) {
    let before: SubscriptionState = subscriptionStream.initialState;
    const starts: Time[] = [];
    for (const event of events) {
      const period = before.status === 'none' ? null : before.period;
      if (event.type === 'subscription.activated' || event.type === 'subscription.renewal_invoiced')
        starts.push(event.period_start);
      if (event.type === 'subscription.renewal_invoiced') {
        holds(event.period_start === period?.end, 'a period begins at the end of the one before', [period, event]);
        holds(event.period_end > event.period_start, 'a period is not empty', event);
      }
      if (event.type === 'subscription.recovered' || event.type === 'subscription.unpaused')
        holds(period !== null && event.period_end >= period.end, 'a period is never cut short', [period, event]);
      before = subscriptionStream.evolve(before, event);
    }
    holds(new Set(starts).size === starts.length, 'no period is charged twice', starts);
  }
};

const invoicesOf = (world: World): Invoice[] =>
  [...world.invoices.keys()].map((id) => world.invoice(id)).filter(isFinalized);

const assertMoney = (world: World): void => {
  const invoices = invoicesOf(world);
  const total = (of: (invoice: Invoice) => number): number => sum(invoices.map(of));
  holds(total(({ amount_paid }) => amount_paid) === sum(world.charged.values()), 'what was charged is paid');
  holds(
    total(({ amount_refunded }) => amount_refunded) === sum(world.givenBack.values()),
    'what went back is refunded',
  );
  for (const invoice of invoices) {
    const { document, amount_due, status, amount_paid, amount_overpaid, amount_refunded } = invoice;
    const parts = sum(document.lines.map(({ net }) => net)) + sum(document.taxes.map(({ amount }) => amount));
    holds(document.total === parts, 'the parts of an invoice are its total', document);
    holds(amount_due >= 0, 'nothing below zero is due', invoice);
    const isSettled = amount_due === 0 && amount_paid - amount_overpaid === document.amount_due;
    holds(status !== 'paid' || isSettled, 'an invoice that is paid was paid exactly', invoice);
    holds(amount_refunded <= amount_paid, 'no more is refunded than was paid', invoice);
  }
};

describe('subscriptions, invoices and payments together', () => {
  it('keep their rules in any order of commands and messages, repeated and lost', () => {
    fc.assert(
      fc.property(fc.array(happening, { minLength: 10, maxLength: 40 }), (happenings) => {
        const world = new World();
        world.happen({ days: 0, what: 'subscribe', of: happenings.length, state: 'succeeded', again: false });
        let documents = documentsOf(world);
        const doing = (act: () => void): void => {
          const before = documents;
          act();
          documents = documentsOf(world);
          assertAlways(world, before, documents);
        };
        for (const one of happenings) doing(() => world.happen(one));
        doing(() => world.settleAll());
        assertPeriods(world);
        assertMoney(world);
      }),
      RUNS,
    );
  });
});

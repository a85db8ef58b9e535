import type { CustomerEvent } from '#domain/billing/customer/customer';
import type { Finalized, InvoiceEvent } from '#domain/billing/invoice/invoice.events';
import type { InvoiceTotals, Period } from '#domain/billing/invoice/invoice.lines';
import type { NumberAssigned } from '#domain/billing/invoice/number';
import type { PaymentEvent } from '#domain/billing/payment/payment';
import type { SubscriptionEvent } from '#domain/billing/subscription/subscription.events';
import { BLOCKING_STATUSES, type SubscriptionStatus } from '#domain/billing/subscription/subscription.statuses';
import { Money } from '#domain/shared/money';

export type BookEvent = SubscriptionEvent | InvoiceEvent | PaymentEvent | CustomerEvent | NumberAssigned;

/** An event of billing's log; the order of the list is the order of the log. */
export interface Booked {
  readonly stream_id: string;
  readonly event: BookEvent;
}

/** What billing's log breaks of the rules that hold at any time, in plain words; empty = nothing. */
export const brokenRules = (log: readonly Booked[]): string[] => [
  ...severalLive(log),
  ...revived(log),
  ...changedInvoices(log),
  ...wrongTotals(log),
  ...chargedTwice(log),
  ...wrongNumbers(log),
  ...repeatedPayments(log),
  ...differentDueDates(log),
];

/** What of the money does not add up. Some of it lags behind the log: invoices learn of payments a moment later. */
export const unbalancedMoney = (log: readonly Booked[]): string[] => [
  ...unknownMoney(log),
  ...wrongDues(log),
  ...wrongBalances(log),
];

const isSubscription = (event: BookEvent): event is SubscriptionEvent => event.type.startsWith('subscription.');

const severalLive = (log: readonly Booked[]): string[] => {
  const keys = new Map<string, string>();
  const live = new Map<string, Set<string>>();
  return log.flatMap(({ stream_id, event }, position) => {
    if (!isSubscription(event)) return [];
    if (event.type === 'subscription.created' && event.sole)
      keys.set(stream_id, `${event.product_id} ${event.subscriber}`);
    const key = keys.get(stream_id);
    if (key === undefined) return [];
    const ones = live.get(key) ?? new Set();
    live.set(key, ones);
    if (BLOCKING_STATUSES.includes(event.status)) ones.add(stream_id);
    else ones.delete(stream_id);
    return ones.size > 1
      ? [`at event ${position}, ${key} has several live subscriptions: ${[...ones].join(', ')}`]
      : [];
  });
};

const revived = (log: readonly Booked[]): string[] => {
  const ended = new Map<string, SubscriptionStatus>();
  return log.flatMap(({ stream_id, event }) => {
    if (!isSubscription(event)) return [];
    const before = ended.get(stream_id);
    if (event.status === 'canceled' || event.status === 'expired') ended.set(stream_id, event.status);
    return before === undefined || before === event.status
      ? []
      : [`${stream_id} became ${event.status} after ${before} by ${event.type}`];
  });
};

const documents = (log: readonly Booked[]): [string, Finalized][] =>
  log.flatMap(({ stream_id, event }): [string, Finalized][] =>
    event.type === 'invoice.finalized' ? [[stream_id, event]] : [],
  );

/** A document is what its only `invoice.finalized` says, and every later event repeats its facts. */
const changedInvoices = (log: readonly Booked[]): string[] => {
  const known = new Map<string, Finalized>();
  return log.flatMap(({ stream_id, event }) => {
    const document = known.get(stream_id);
    if (event.type === 'invoice.finalized') {
      known.set(stream_id, event);
      return document === undefined ? [] : [`${stream_id} was finalized twice`];
    }
    if (event.type === 'invoice.created' || event.type === 'invoice.draft_deleted')
      return document === undefined ? [] : [`${stream_id} was finalized and then ${event.type}`];
    const facts = event.type.startsWith('invoice.') && 'number' in event && 'total' in event ? event : undefined;
    return facts === undefined || (facts.number === document?.number && facts.total === document.total)
      ? []
      : [`${stream_id} says another number or total in ${event.type}`];
  });
};

const total = (amounts: readonly number[], currency: string): number =>
  Money.sum(
    amounts.map((amount) => Money.of(amount, currency)),
    currency,
  ).amount;

/** Stripe computes the invoices that it makes. */
const wrongTotals = (log: readonly Booked[]): string[] =>
  log.flatMap(({ stream_id, event }) => {
    if (event.type === 'credit_note.issued') return wrongTotal(`credit note ${event.number}`, event.currency, event);
    if (event.type !== 'invoice.finalized' || event.biller === 'stripe') return [];
    const isDue = event.amount_due === event.total - event.balance_applied && event.amount_due >= 0;
    return [
      ...wrongTotal(`${stream_id} (${event.number})`, event.currency, event),
      ...(isDue ? [] : [`${stream_id}: ${event.amount_due} is not what is due`]),
    ];
  });

const wrongTotal = (name: string, currency: string, totals: InvoiceTotals): string[] => {
  const { lines, taxes, discounts, subtotal } = totals;
  const sum = (amounts: readonly number[]): number => total(amounts, currency);
  const nets = sum(lines.map(({ net }) => net));
  const checks: [string, number, number][] = [
    ['total', totals.total, nets + sum(taxes.map(({ amount }) => amount))],
    ['subtotal', subtotal, sum(lines.map(({ amount }) => amount))],
    ['discounts', sum(discounts.map(({ amount }) => amount)), sum(lines.map(({ discount }) => discount))],
    ['taxable', sum(taxes.map(({ taxable }) => taxable)), nets],
    ...taxes.map(({ rate, category, taxable }): [string, number, number] => [
      `taxable at ${rate} ${category}`,
      taxable,
      sum(lines.filter((line) => line.tax_rate === rate && line.tax_category === category).map(({ net }) => net)),
    ]),
  ];
  return checks.flatMap(([what, found, wanted]) =>
    found === wanted ? [] : [`${name}: ${what} is ${found}, and its parts add up to ${wanted}`],
  );
};

/** Periods that recurring lines charge. The first transfer of a subscription names none: its payment begins it. */
const chargedTwice = (log: readonly Booked[]): string[] => {
  const begun = new Map<string, Period>();
  const voided = new Set<string>();
  for (const { stream_id, event } of log) {
    if (event.type === 'subscription.activated' && event.invoice_id !== null)
      begun.set(event.invoice_id, { start: event.period_start, end: event.period_end });
    if (event.type === 'invoice.voided') voided.add(stream_id);
  }
  const charged = documents(log).flatMap(([invoice_id, { subscription_id, lines }]) =>
    lines
      .filter(({ kind }) => kind === 'recurring' && subscription_id !== null && !voided.has(invoice_id))
      .flatMap(({ period }) => {
        const covered = period ?? begun.get(invoice_id);
        return covered === undefined ? [] : [{ subscription_id, invoice_id, ...covered }];
      }),
  );
  return [...Map.groupBy(charged, ({ subscription_id }) => subscription_id).values()].flatMap((periods) => {
    const sorted = periods.toSorted((a, b) => (a.start < b.start ? -1 : 1));
    return sorted.slice(1).flatMap(({ subscription_id, start, invoice_id }, n) => {
      const before = sorted[n];
      return before !== undefined && start < before.end
        ? [`${subscription_id} pays from ${start} to ${before.end} twice: ${before.invoice_id}, ${invoice_id}`]
        : [];
    });
  });
};

/** Numbers of Stripe's invoices are Stripe's. */
const wrongNumbers = (log: readonly Booked[]): string[] => {
  const last = new Map<string, { readonly count: number; readonly issued_at: string }>();
  const numbers = new Map<string, NumberAssigned>();
  const printed = new Set<string>();
  const wrong: string[] = [];
  for (const { stream_id, event } of log) {
    if (event.type === 'number.assigned') {
      const before = last.get(stream_id) ?? { count: 0, issued_at: '' };
      if (event.count !== before.count + 1) wrong.push(`${stream_id} goes from ${before.count} to ${event.count}`);
      if (event.issued_at < before.issued_at) wrong.push(`${event.number} is issued before the number before it`);
      if (printed.has(event.number)) wrong.push(`${event.number} was given twice`);
      if (numbers.has(event.document_id)) wrong.push(`${event.document_id} has two numbers`);
      last.set(stream_id, event);
      printed.add(event.number);
      numbers.set(event.document_id, event);
    } else if (isNumbered(event)) {
      const id = event.type === 'invoice.finalized' ? stream_id : event.credit_note_id;
      const given = numbers.get(id);
      if (given?.number !== event.number || given.issued_at !== event.issued_at)
        wrong.push(
          `${id} shows ${event.number} of ${event.issued_at}, and got ${given?.number} of ${given?.issued_at}`,
        );
    }
  }
  return wrong;
};

const isNumbered = (
  event: BookEvent,
): event is Extract<BookEvent, { type: 'invoice.finalized' | 'credit_note.issued' }> =>
  event.type === 'credit_note.issued' || (event.type === 'invoice.finalized' && event.biller === 'keyledger');

const repeatedPayments = (log: readonly Booked[]): string[] => {
  const seen = new Set<string>();
  return log.flatMap(({ event }) => {
    if (event.type !== 'payment.created' || event.provider === 'manual') return [];
    const attempt = `attempt ${event.attempt} of ${event.invoice_id}`;
    const twice = seen.has(attempt);
    seen.add(attempt);
    return twice ? [`${attempt} has two payments`] : [];
  });
};

/** A renewal and its invoice are due at the same moment. */
const differentDueDates = (log: readonly Booked[]): string[] => {
  const due = new Map<string, string>();
  return log.flatMap(({ stream_id, event }) => {
    if (event.type === 'subscription.renewal_invoiced') due.set(event.invoice_id, event.due_at);
    if (event.type !== 'invoice.finalized') return [];
    const renewal = due.get(stream_id);
    return renewal === undefined || renewal === event.due_at
      ? []
      : [`${stream_id} is due at ${event.due_at}, and the renewal says ${renewal}`];
  });
};

/** Sums by currency. */
class Sums {
  readonly #sums = new Map<string, Money>();

  add(amount: number, currency: string): void {
    this.#sums.set(currency, (this.#sums.get(currency) ?? Money.zero(currency)).plus(Money.of(amount, currency)));
  }

  differences(what: string, other: Sums): string[] {
    return [...new Set([...this.#sums.keys(), ...other.#sums.keys()])].flatMap((currency) => {
      const [mine, others] = [this.#sums.get(currency)?.amount ?? 0, other.#sums.get(currency)?.amount ?? 0];
      return mine === others ? [] : [`${what}: ${mine} and ${others} ${currency}`];
    });
  }
}

/** Money that came in and went out by payments is what invoices know. */
const unknownMoney = (log: readonly Booked[]): string[] => {
  const [paid, refunded, applied, given] = [new Sums(), new Sums(), new Sums(), new Sums()];
  for (const { event } of log) {
    if (event.type === 'payment.succeeded') paid.add(event.amount, event.currency);
    if (event.type === 'payment.refunded') refunded.add(event.refunded, event.currency);
    if (event.type === 'invoice.payment_received') applied.add(event.amount, event.currency);
    if (event.type === 'invoice.payment_mismatched') applied.add(event.amount, event.payment_currency);
    if (event.type === 'invoice.refunded') given.add(event.amount, event.currency);
  }
  return [
    ...paid.differences('payments and what invoices received', applied),
    ...refunded.differences('refunds of payments and of invoices', given),
  ];
};

/** What is due of each invoice follows from its payments, credit notes and refunds; one that is paid has nothing due. */
const wrongDues = (log: readonly Booked[]): string[] => {
  const due = new Map<string, { amount: number; status: string }>();
  const wrong: string[] = [];
  for (const { stream_id, event } of log) {
    if (event.type === 'invoice.finalized') due.set(stream_id, { amount: event.amount_due, status: 'open' });
    const invoice = due.get(stream_id);
    if (invoice === undefined) continue;
    switch (event.type) {
      case 'invoice.payment_received':
        invoice.amount -= event.amount - event.overpaid;
        if (invoice.amount !== event.amount_due)
          wrong.push(`${stream_id}: ${event.amount_due} due, not ${invoice.amount}`);
        break;
      case 'credit_note.issued':
        invoice.amount -= event.due_reduced;
        if (event.due_reduced + event.to_balance + event.to_refund !== event.total)
          wrong.push(`credit note ${event.number} does not add up`);
        break;
      case 'invoice.refunded':
        if (invoice.status === 'open' && event.provider !== 'stripe') invoice.amount += event.amount;
        break;
      case 'invoice.paid':
        // At Stripe it may have been marked as paid, or credited.
        if (invoice.amount !== 0 && event.provider !== 'stripe')
          wrong.push(`${stream_id} was paid while ${invoice.amount} was due`);
        invoice.status = 'paid';
        break;
      case 'invoice.voided':
        if (invoice.status === 'paid') wrong.push(`${stream_id} was voided after it was paid`);
        invoice.status = 'void';
        invoice.amount = 0;
        break;
      case 'invoice.marked_uncollectible':
        invoice.status = 'uncollectible';
        break;
      default:
    }
    if (invoice.amount < 0) wrong.push(`${stream_id}: ${invoice.amount} due after ${event.type}`);
  }
  return wrong;
};

/** Reasons of changes that invoices and merges cause; an operator gives others. */
const CAUSED = ['overpayment', 'invoice_voided', 'credit_note', 'invoice', 'merge'];

/**
 * Customers' balances are what overpayments, credit notes and voided invoices gave, without what invoices used. What invoices of
 * Stripe gave and used, Stripe keeps.
 */
const wrongBalances = (log: readonly Booked[]): string[] => {
  const [kept, caused] = [new Sums(), new Sums()];
  const wrong: string[] = [];
  for (const { stream_id, event } of log) {
    if (event.type.startsWith('invoice.') && 'provider' in event && event.provider === 'stripe') continue;
    switch (event.type) {
      case 'customer.balance_changed':
        kept.add(event.amount, event.currency);
        if (!CAUSED.includes(event.reason)) caused.add(event.amount, event.currency);
        if (event.balance < 0) wrong.push(`${stream_id} has a balance of ${event.balance} ${event.currency}`);
        break;
      case 'customer.merged':
        for (const [currency, amount] of Object.entries(event.balances)) kept.add(-amount, currency);
        break;
      case 'invoice.overpaid':
        caused.add(event.amount, event.currency);
        break;
      case 'invoice.voided':
        caused.add(event.balance_returned, event.currency);
        break;
      case 'credit_note.issued':
        caused.add(event.to_balance, event.currency);
        break;
      case 'invoice.finalized':
        caused.add(-event.balance_applied, event.currency);
        break;
      default:
    }
  }
  return [...wrong, ...kept.differences('customers’ balances and what invoices gave them', caused)];
};

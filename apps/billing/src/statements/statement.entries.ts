import type { CustomerEvent } from '#domain/billing/customer/customer';
import type { Invoice } from '#domain/billing/invoice/invoice';
import type { PaymentEvent } from '#domain/billing/payment/payment';
import type { Time } from '#domain/shared/time';
import type { RecordedEvent } from '#events/event';

export const ENTRY_KINDS = ['invoice', 'void', 'credit_note', 'payment', 'refund', 'credit'] as const;

/** A line of a statement. */
export interface Entry {
  readonly currency: string;
  readonly date: Time;
  readonly kind: (typeof ENTRY_KINDS)[number];
  readonly id: string;
  /** Of the invoice or credit note. */
  readonly number: string | null;
  readonly description: string | null;
  /** Minor units that are added to what the customer owes; negative if it owes less. */
  readonly amount: number;
  /** Minor units that are added to the customer's credit. Credit that follows from another entry has no amount of its own. */
  readonly credit: number;
}

/** The invoice, its credit notes, and its end if it was voided. */
export const invoiceEntries = (id: string, invoice: Invoice): readonly Entry[] => {
  const { currency, number, total, issued_at, po_number } = invoice.document;
  const of = { currency, credit: 0 };
  const entries: Entry[] = [
    { ...of, date: issued_at, kind: 'invoice', id, number, description: po_number, amount: total },
  ];
  for (const [note_id, note] of invoice.credit_notes) {
    if (!('number' in note)) continue;
    const { issued_at: date, reason: description } = note;
    entries.push({
      ...of,
      date,
      kind: 'credit_note',
      id: note_id,
      number: note.number,
      description,
      amount: -note.total,
    });
  }
  if (invoice.voided_at !== null) {
    const amount = invoice.amount_credited - total;
    entries.push({ ...of, date: invoice.voided_at, kind: 'void', id, number, description: null, amount });
  }
  return entries;
};

/** A payment that arrived, and what was given back of it. */
export const paymentEntries = (
  id: string,
  events: readonly RecordedEvent<PaymentEvent>[],
  number: string | null,
): readonly Entry[] => {
  const entries: Entry[] = [];
  const requested = new Map<string, Time>();
  for (const { event, recorded_at } of events) {
    const { currency } = event;
    const of = { currency, number, credit: 0 };
    if (event.type === 'payment.succeeded') {
      const { paid_at: date, amount, reference, method } = event;
      entries.push({ ...of, date, kind: 'payment', id, description: reference ?? method, amount: -amount });
    }
    if (event.type === 'payment.refund_requested') requested.set(event.refund_id, event.requested_at);
    if (event.type === 'payment.refunded') {
      // A provider may report it days later. A test clock is ahead of the time of recording.
      const date = latest(recorded_at, requested.get(event.refund_id));
      entries.push({ ...of, date, kind: 'refund', id: event.refund_id, description: null, amount: event.refunded });
    }
  }
  return entries;
};

const latest = (recorded_at: Time, requested_at: Time = recorded_at): Time =>
  requested_at > recorded_at ? requested_at : recorded_at;

/** Changes of the balance of a customer. What moved from a merged customer moved within the statement. */
export const creditEntries = (events: readonly RecordedEvent<CustomerEvent>[]): readonly Entry[] =>
  events.flatMap(({ id: event_id, event }): Entry[] => {
    if (event.type !== 'customer.balance_changed' || event.reason === 'merge') return [];
    const { currency, changed_at: date, amount: credit, reason: description, source } = event;
    // What an operator gives or takes is no part of an invoice or a payment.
    const amount = source.startsWith(BY_OPERATOR) ? -credit : 0;
    return [{ currency, date, kind: 'credit', id: event_id, number: null, description, amount, credit }];
  });

/** Ids of requests: sources of what an operator does to a balance. */
const BY_OPERATOR = 'req_';

export interface Balances {
  /** Minor units that the customer owes, its credit taken off; negative = in its favor. */
  readonly balance: number;
  /** Minor units of its credit. */
  readonly credit_balance: number;
}

export interface Account {
  readonly currency: string;
  readonly opening: Balances;
  readonly entries: readonly (Entry & Pick<Balances, 'balance'>)[];
  readonly closing: Balances;
}

const NOTHING: Balances = { balance: 0, credit_balance: 0 };

/** The accounts of [from, to), one for each currency. @param entries all of the customer, in any order */
export const accountsOf = (entries: readonly Entry[], from: Time, to: Time): readonly Account[] =>
  [...Map.groupBy(entries.toSorted(inOrder), ({ currency }) => currency)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, all]) => accountOf(currency, all, from, to));

const accountOf = (currency: string, all: readonly Entry[], from: Time, to: Time): Account => {
  const opening = all.filter(({ date }) => date < from).reduce(plus, NOTHING);
  let closing = opening;
  const entries = all
    .filter(({ date }) => date >= from && date < to)
    .map((entry) => {
      closing = plus(closing, entry);
      return { ...entry, balance: closing.balance };
    });
  return { currency, opening, entries, closing };
};

const plus = ({ balance, credit_balance }: Balances, { amount, credit }: Entry): Balances => ({
  balance: balance + amount,
  credit_balance: credit_balance + credit,
});

/** By time. In the same millisecond an invoice comes before what pays it. */
const inOrder = (a: Entry, b: Entry): number => {
  if (a.date !== b.date) return a.date < b.date ? -1 : 1;
  return ENTRY_KINDS.indexOf(a.kind) - ENTRY_KINDS.indexOf(b.kind);
};

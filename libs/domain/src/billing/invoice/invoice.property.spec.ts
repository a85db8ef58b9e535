import fc from 'fast-check';
import { documentOf, DUE, ISSUED, totalsOf } from '../../../testing/invoice.given.ts';
import { holds } from '../../../testing/holds.ts';
import { RUNS } from '../../../testing/runs.ts';
import { Refusal } from '../../shared/refusal.ts';
import { decidePayment, type PaymentCommand } from '../payment/payment.commands.ts';
import { type PaymentEvent, paymentStream, type PaymentState } from '../payment/payment.ts';
import { decideInvoice, type InvoiceCommand } from './invoice.commands.ts';
import type { InvoiceEvent } from './invoice.events.ts';
import { type Invoice, invoiceStream, type InvoiceState, isFinalized } from './invoice.ts';

const PAYMENTS = ['pay_1', 'pay_2', 'pay_3'] as const;
const REFUNDS = ['ref_1', 'ref_2', 'ref_3'] as const;
const NOTES = ['cn_1', 'cn_2', 'cn_3'] as const;

const amount = fc.integer({ min: -1, max: 15_000 });
const payment_id = fc.constantFrom(...PAYMENTS);
const refund_id = fc.constantFrom(...REFUNDS);
const credit_note_id = fc.constantFrom(...NOTES);
const now = fc.constantFrom(ISSUED, DUE, '2026-03-01T00:00:00.000Z');

const command: fc.Arbitrary<InvoiceCommand> = fc.oneof(
  fc.record({
    type: fc.constant('ReceivePayment' as const),
    payment_id,
    amount: fc.option(amount),
    currency: fc.constantFrom('eur', 'eur', 'eur', 'usd'),
    paid_at: now,
    method: fc.constant('card'),
    reference: fc.constant(null),
    by: fc.constantFrom('operator' as const, 'provider' as const),
  }),
  fc.record({
    type: fc.constant('RecordFailedPayment' as const),
    payment_id,
    attempt: fc.nat(5),
    error: fc.constant('declined'),
  }),
  fc.record({ type: fc.constant('MarkOverdue' as const), now }),
  fc.record({ type: fc.constant('VoidInvoice' as const), reason: fc.constant(null), now }),
  fc.constant<InvoiceCommand>({ type: 'MarkUncollectible' }),
  fc.record({
    type: fc.constant('RequestCreditNote' as const),
    credit_note_id,
    totals: amount.map(totalsOf),
    reason: fc.constant(null),
    refund: fc.boolean(),
    now,
  }),
  fc.record({
    type: fc.constant('IssueCreditNote' as const),
    credit_note_id,
    number: fc.constant('CN-1'),
    series_year: fc.constant(2026),
    issued_at: now,
  }),
  fc.record({
    type: fc.constant('RequestRefund' as const),
    refund_ids: refund_id.map((id) => [id, `${id}/1`, `${id}/2`]),
    amount: fc.option(amount),
    reason: fc.constant(null),
    now,
  }),
  fc.constant<InvoiceCommand>({ type: 'FinalizeInvoice', document: documentOf({ number: 'INV-2026-00009' }) }),
);

/** A refund that was requested succeeds or fails. */
const refundOf = (state: InvoiceState, n: number, fails: boolean): InvoiceCommand | undefined => {
  if (!isFinalized(state) || state.refunds.size === 0) return undefined;
  const [id, refund] = [...state.refunds][n % state.refunds.size] ?? [];
  if (id === undefined || refund === undefined) return undefined;
  const of = { refund_id: id, payment_id: refund.payment_id, amount: refund.amount };
  return fails ? { type: 'FailRefund', ...of, error: 'no funds' } : { type: 'RecordRefund', ...of };
};

const step = fc.record({
  command: fc.option(command, { freq: 4 }),
  refund: fc.nat(10),
  fails: fc.boolean(),
  repeated: fc.boolean(),
});

const attempt = (wanted: InvoiceCommand, state: InvoiceState): readonly InvoiceEvent[] => {
  try {
    return decideInvoice(wanted, state);
  } catch (error) {
    if (error instanceof Refusal) return [];
    throw error;
  }
};

const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);

const assertSums = (state: Invoice, events: readonly InvoiceEvent[]): void => {
  const { payments, document, amount_due, amount_paid, amount_overpaid, amount_refunded, amount_credited } = state;
  const received = events.flatMap((event) => (event.type === 'invoice.payment_received' ? [event.amount] : []));
  const refunded = events.flatMap((event) => (event.type === 'invoice.refunded' ? [event.amount] : []));
  const overpaid = events.flatMap((event) => (event.type === 'invoice.overpaid' ? [event.amount] : []));
  const notes = events.flatMap((event) => (event.type === 'credit_note.issued' ? [event] : []));
  holds(amount_paid - amount_refunded === sum(received) - sum(refunded), 'paid − refunded = what came in', state);
  holds(amount_overpaid === sum(overpaid), 'what was too much is in the balance', state);
  holds(sum([...payments.values()].map((payment) => payment.refunded)) === amount_refunded, 'refunds add up', state);
  holds(amount_refunded <= amount_paid - amount_overpaid, 'no more goes back than was paid', state);
  holds(amount_credited <= document.total, 'no more is credited than was invoiced', state);
  holds(amount_due >= 0, 'nothing below zero is due', state);
  for (const note of notes)
    holds(note.due_reduced + note.to_balance + note.to_refund === note.total, 'a credit note is given once', note);
  if (state.status === 'open') {
    const reduced = sum(notes.map(({ due_reduced }) => due_reduced));
    const due = document.total - document.balance_applied - amount_paid + amount_overpaid + amount_refunded - reduced;
    holds(amount_due === due && due > 0, 'the rest is due', state);
  } else if (state.status !== 'uncollectible') {
    holds(amount_due === 0, 'nothing is due of an invoice that is paid or void', state);
  }
};

/** A refund takes from a payment only what is neither given back nor reserved. */
const assertReserved = ({ payments }: Invoice, decided: readonly InvoiceEvent[]): void => {
  for (const event of decided) {
    if (event.type !== 'invoice.refund_requested') continue;
    const payment = payments.get(event.payment_id);
    const left = payment && payment.amount - payment.overpaid - payment.refunded - payment.refunding;
    holds(left !== undefined && event.amount <= left, 'a refund takes what is left of a payment', [payment, event]);
  }
};

const LEAVES: Readonly<Record<string, readonly string[]>> = {
  open: ['open', 'paid', 'void', 'uncollectible'],
  uncollectible: ['uncollectible', 'paid', 'void'],
  paid: ['paid'],
  void: ['void'],
};

describe('an invoice, after any commands in any order, repeated or lost', () => {
  it.each([0, 3_000])('keeps its sums and its document, with %d from the balance', (balance_applied) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 15 }), (steps) => {
        const document = documentOf({ balance_applied, amount_due: 10_000 - balance_applied });
        const events: InvoiceEvent[] = [{ type: 'invoice.finalized', ...document }];
        let state = events.reduce(invoiceStream.evolve, invoiceStream.initialState);
        for (const { command: wanted, refund, fails, repeated } of steps) {
          const next = wanted ?? refundOf(state, refund, fails);
          if (next === undefined) continue;
          for (let n = 0; n < (repeated ? 2 : 1); n++) {
            const before = state;
            const decided = attempt(next, state);
            if (isFinalized(before)) assertReserved(before, decided);
            events.push(...decided);
            state = decided.reduce(invoiceStream.evolve, state);
            if (!isFinalized(state)) throw new Error('an invoice does not become a draft');
            holds(LEAVES[before.status]?.includes(state.status) ?? false, 'statuses go forward', [before, decided]);
            assertSums(state, events);
          }
        }
        if (!isFinalized(state)) throw new Error('an invoice does not become a draft');
        expect(state.document).toEqual(document);
        // The log keeps events as JSON.
        const kept = JSON.parse(JSON.stringify(events)) as InvoiceEvent[];
        expect(kept.reduce(invoiceStream.evolve, invoiceStream.initialState)).toEqual(state);
        const paid = events.filter(({ type }) => type === 'invoice.paid');
        expect(paid.length).toBe(state.status === 'paid' ? 1 : 0);
      }),
      RUNS,
    );
  });
});

const observation = fc.record({
  state: fc.constantFrom(
    'processing' as const,
    'requires_action' as const,
    'succeeded' as const,
    'failed' as const,
    'canceled' as const,
  ),
  provider_id: fc.constant('hs_1'),
  amount: fc.constant(10_000),
  currency: fc.constant('eur'),
  error: fc.constant(null),
  final: fc.boolean(),
  observed_at: now,
});
const paymentCommand: fc.Arbitrary<PaymentCommand> = fc.oneof(
  fc.record({ type: fc.constant('ObservePayment' as const), observation }),
  fc.record({
    type: fc.constant('RequestPaymentRefund' as const),
    refund_id,
    amount,
    reason: fc.constant(null),
    now,
  }),
  fc.record({
    type: fc.constant('ObserveRefund' as const),
    refund_id,
    amount: fc.constant(1),
    observation: fc.record({
      state: fc.constantFrom('pending' as const, 'succeeded' as const, 'failed' as const),
      error: fc.constant(null),
    }),
  }),
);

describe('a payment, after any observations in any order, repeated or lost', () => {
  it('succeeds at most once, and stays so', () => {
    fc.assert(
      fc.property(fc.array(paymentCommand, { maxLength: 25 }), (commands) => {
        const of = { invoice_id: 'inv_1', product_id: null, customer_id: 'cus_1', subscription_id: null } as const;
        const events: PaymentEvent[] = [
          {
            type: 'payment.created',
            ...of,
            attempt: 0,
            provider: 'hyperswitch',
            currency: 'eur',
            amount: 10_000,
            off_session: true,
            idempotency_key: 'inv_1',
            created_at: ISSUED,
          },
        ];
        let state: PaymentState = events.reduce(paymentStream.evolve, paymentStream.initialState);
        for (const wanted of commands) {
          const before = state.status;
          try {
            const decided = decidePayment(wanted, state);
            events.push(...decided);
            state = decided.reduce(paymentStream.evolve, state);
          } catch (error) {
            if (!(error instanceof Refusal)) throw error;
          }
          if (before === 'succeeded') expect(state.status).toBe('succeeded');
        }
        expect(events.filter(({ type }) => type === 'payment.succeeded').length).toBeLessThanOrEqual(1);
        const refunded = sum(events.flatMap((event) => (event.type === 'payment.refunded' ? [event.refunded] : [])));
        expect(state.status === 'none' ? 0 : state.amount_refunded).toBe(refunded);
      }),
      RUNS,
    );
  });
});

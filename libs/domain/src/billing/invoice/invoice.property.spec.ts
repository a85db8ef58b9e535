import fc from 'fast-check';
import { documentOf, DUE, ISSUED, totalsOf } from '../../../testing/invoice.given.ts';
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
  expect(amount_paid - amount_refunded).toBe(sum(received) - sum(refunded));
  expect(amount_overpaid).toBe(sum(overpaid));
  expect(sum([...payments.values()].map((payment) => payment.refunded))).toBe(amount_refunded);
  expect(amount_refunded).toBeLessThanOrEqual(amount_paid - amount_overpaid);
  for (const { amount: paid, overpaid: over, refunded: back, refunding } of payments.values())
    expect([refunding < 0, back + refunding > paid - over]).toEqual([false, false]);
  expect(amount_credited).toBeLessThanOrEqual(document.total);
  expect(amount_due).toBeGreaterThanOrEqual(0);
  for (const { total, due_reduced, to_balance, to_refund } of notes)
    expect(due_reduced + to_balance + to_refund).toBe(total);
  if (state.status === 'open') {
    const reduced = sum(notes.map(({ due_reduced }) => due_reduced));
    expect(amount_due).toBe(
      document.total - document.balance_applied - amount_paid + amount_overpaid + amount_refunded - reduced,
    );
    expect(amount_due).toBeGreaterThan(0);
  } else if (state.status !== 'uncollectible') {
    expect(amount_due).toBe(0);
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
            events.push(...decided);
            state = decided.reduce(invoiceStream.evolve, state);
            if (!isFinalized(state)) throw new Error('an invoice does not become a draft');
            expect(LEAVES[before.status]).toContain(state.status);
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

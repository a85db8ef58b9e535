import fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import { holds } from '../../../testing/holds.ts';
import { ISSUED, observed, observing, stripeDocument } from '../../../testing/invoice.given.ts';
import { RUNS } from '../../../testing/runs.ts';
import { decideInvoice } from './invoice.commands.ts';
import type { Finalized, InvoiceEvent } from './invoice.events.ts';
import type { InvoiceObservation } from './invoice.mirror.ts';
import { type Invoice, invoiceStream, type InvoiceState, isFinalized } from './invoice.ts';

/** Something that happens to an invoice at Stripe. */
const happening = fc.record({
  what: fc.constantFrom(
    'pay' as const,
    'pay' as const,
    'fail' as const,
    'refund' as const,
    'end refund' as const,
    'overdue' as const,
    'paid' as const,
    'void' as const,
    'uncollectible' as const,
  ),
  amount: fc.integer({ min: 1, max: 8_000 }),
  currency: fc.constantFrom('eur', 'eur', 'eur', 'usd'),
  of: fc.nat(5),
  fails: fc.boolean(),
});
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

const isOver = ({ status }: InvoiceObservation): boolean => status === 'paid' || status === 'void';

/** The invoice after something has happened, as Stripe would answer. */
const happen = (before: InvoiceObservation, { what, amount, currency, of, fails }: Happening): InvoiceObservation => {
  const { payments, refunds, failure, status } = before;
  const at = new Date(Date.parse(before.status_since) + 60_000).toISOString();
  const payment = payments[of % Math.max(1, payments.length)];
  switch (what) {
    case 'pay': {
      const payment_id = `pay_${payments.length}`;
      const arrived = { payment_id, amount, currency, paid_at: at, method: 'stripe', reference: null };
      return status === 'void' ? before : { ...before, payments: [...payments, arrived] };
    }
    case 'fail': {
      const attempt = (failure?.attempt ?? -1) + 1;
      const next = { payment_id: `att_${attempt}`, attempt, error: `declined ${attempt}`, next_attempt_at: at };
      return isOver(before) ? before : { ...before, failure: next };
    }
    case 'refund': {
      const given = refunds.filter((one) => one.payment_id === payment?.payment_id);
      if (payment === undefined || given.length > 0) return before;
      const { payment_id } = payment;
      const part = Math.min(amount, payment.amount);
      const status_of = fails ? ('pending' as const) : ('succeeded' as const);
      const refund = { refund_id: `ref_${refunds.length}`, payment_id, amount: part, status: status_of, error: null };
      return { ...before, refunds: [...refunds, refund] };
    }
    case 'end refund': {
      const ended = fails ? ('failed' as const) : ('succeeded' as const);
      return { ...before, refunds: refunds.map((one) => (one.status === 'pending' ? { ...one, status: ended } : one)) };
    }
    case 'overdue':
      return isOver(before) ? before : { ...before, overdue: true };
    case 'paid':
    case 'void':
      return isOver(before) ? before : { ...before, status: what, status_since: at, overdue: false };
    case 'uncollectible':
      return status === 'open' ? { ...before, status: what, status_since: at } : before;
    default:
      return what satisfies never;
  }
};

const sum = (values: readonly { readonly amount: number }[]): number =>
  values.reduce((total, { amount }) => total + amount, 0);

/** What must be known after the last observation of the truth. */
const mirrorOf = (truth: InvoiceObservation) => {
  const { status, status_since, failure } = truth;
  const document: Finalized = truth.document;
  const payments = truth.payments.filter(({ currency }) => currency === document.currency);
  const known = new Set(payments.map(({ payment_id }) => payment_id));
  const refunds = truth.refunds.filter((one) => one.status === 'succeeded' && known.has(one.payment_id));
  const amount_paid = sum(payments);
  return {
    document,
    status,
    amount_paid,
    amount_refunded: sum(refunds),
    amount_overpaid: Math.max(0, amount_paid - document.amount_due),
    amount_due: isOver(truth) ? 0 : Math.max(0, document.amount_due - amount_paid),
    payments: [...known],
    refunds: refunds.map(({ refund_id }) => refund_id),
    mismatched: truth.payments.filter(({ payment_id }) => !known.has(payment_id)).map(({ payment_id }) => payment_id),
    overdue: truth.overdue,
    paid_at: status === 'paid' ? status_since : null,
    voided_at: status === 'void' ? status_since : null,
    failed_attempts: isOver(truth) ? null : (failure?.attempt ?? -1) + 1,
    next_attempt_at: status === 'open' ? (failure?.next_attempt_at ?? document.next_attempt_at) : null,
  };
};

const shown = (state: Invoice): ReturnType<typeof mirrorOf> => {
  const { document, status, amount_paid, amount_refunded, amount_overpaid, amount_due, overdue } = state;
  const { paid_at, voided_at, failed_attempts, next_attempt_at, payments, refunds, mismatched_payments } = state;
  return {
    ...{ document, status, amount_paid, amount_refunded, amount_overpaid, amount_due, overdue },
    ...{ paid_at, voided_at, next_attempt_at },
    payments: [...payments.keys()],
    refunds: [...refunds.keys()].sort(),
    mismatched: [...mismatched_payments],
    failed_attempts: status === 'paid' || status === 'void' ? null : failed_attempts,
  };
};

const RANK = { open: 0, uncollectible: 1, paid: 2, void: 2 };

/** What came in, and what went back, by the events. */
const assertMoney = (state: Invoice, events: readonly InvoiceEvent[], truth: InvoiceObservation): void => {
  const received = events.flatMap((event) => (event.type === 'invoice.payment_received' ? [event] : []));
  const refunded = events.flatMap((event) => (event.type === 'invoice.refunded' ? [event] : []));
  const came = truth.payments.filter(({ payment_id }) => state.payments.has(payment_id));
  const { amount_paid, amount_refunded, amount_due } = state;
  holds(amount_paid === sum(received) && amount_paid === sum(came), 'what came in is known once', state);
  holds(amount_refunded === sum(refunded), 'what went back is known once', state);
  holds(amount_paid - amount_refunded === sum(came) - sum(refunded), 'paid − refunded = what came in', state);
  holds(amount_refunded <= amount_paid && amount_due >= 0, 'no more goes back than came in', state);
};

describe('an invoice of Stripe, observed in any order, repeatedly, and not always', () => {
  it('becomes what the last observation shows', () => {
    fc.assert(
      fc.property(
        fc.array(happening, { maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.boolean(),
        (happenings, looks, isLast) => {
          const history = [observed({ document: stripeDocument({ next_attempt_at: ISSUED }) })];
          for (const one of happenings) history.push(happen(history.at(-1) ?? observed(), one));
          const truth = history.at(-1) ?? observed();
          const seen = looks.flatMap((n) => history[n % history.length] ?? []);
          const events: InvoiceEvent[] = [];
          let state: InvoiceState = invoiceStream.initialState;
          const look = (observation: InvoiceObservation): void => {
            const before = state;
            const decided = decideInvoice(observing(observation), state);
            events.push(...decided);
            state = decided.reduce(invoiceStream.evolve, state);
            if (!isFinalized(state)) throw new Error('it is finalized by the first observation');
            if (isFinalized(before)) {
              holds(RANK[before.status] <= RANK[state.status], 'statuses go forward', [before, decided]);
              holds(RANK[before.status] < 2 || before.status === state.status, 'nothing leaves the last one', state);
            }
            holds(decideInvoice(observing(observation), state).length === 0, 'repeated, it changes nothing', state);
            assertMoney(state, events, truth);
          };
          for (const observation of [...seen, truth]) look(observation);
          // Late ones change nothing.
          const known = events.length;
          if (isLast) for (const observation of seen) look(observation);
          holds(events.length === known, 'what is late changes nothing', events.slice(known));
          if (!isFinalized(state)) throw new Error('nothing was observed');
          const [found, wanted] = [shown(state), mirrorOf(truth)];
          holds(isDeepStrictEqual(found, { ...wanted, refunds: wanted.refunds.sort() }), 'it is the truth', [
            found,
            wanted,
          ]);
          holds(events.filter(({ type }) => type === 'invoice.finalized').length === 1, 'one document');
        },
      ),
      RUNS,
    );
  });
});

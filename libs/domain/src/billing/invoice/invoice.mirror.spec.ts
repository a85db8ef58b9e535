import {
  documentOf,
  invoiceAfter as afterOurs,
  invoiceAfterDocument as afterDocument,
  invoiceSpecification as given,
  ISSUED,
  finalized as ours,
  observed,
  observing,
  stripeDocument,
  totalsOf,
} from '../../../testing/invoice.given.ts';
import type { InvoiceCommand } from './invoice.commands.ts';
import type { InvoiceEvent } from './invoice.events.ts';
import type { InvoiceObservation, StripeDocument } from './invoice.mirror.ts';

const LATER = '2026-02-03T10:00:00.000Z';

const observe = (changes: Partial<InvoiceObservation> = {}): InvoiceCommand => observing(observed(changes));

/** The events of observations that follow each other. */
const after = (...changes: readonly Partial<InvoiceObservation>[]): readonly InvoiceEvent[] =>
  afterDocument(stripeDocument(), ...changes.map(observe));

const arrived = (payment_id: string, amount: number, currency = 'eur') => ({
  payment_id,
  amount,
  currency,
  paid_at: LATER,
  method: 'stripe',
  reference: 'pi_1',
});
const paid = { status: 'paid', status_since: LATER, payments: [arrived('pay_1', 10_000)] } as const;
const voided = { status: 'void', status_since: LATER } as const;
const uncollectible = { status: 'uncollectible', status_since: LATER } as const;
const failed = (attempt: number, next_attempt_at: string | null = LATER) => ({
  failure: { payment_id: `pay_${attempt}`, attempt, error: 'card_declined', next_attempt_at },
});
const refund = (status: 'pending' | 'succeeded' | 'failed', amount = 10_000) => ({
  refunds: [{ refund_id: 'ref_1', payment_id: 'pay_1', amount, status, error: null }],
});
const request: InvoiceCommand = {
  type: 'RequestRefund',
  refund_ids: ['ref_1'],
  amount: null,
  reason: 'asked',
  now: LATER,
};

describe('an invoice of Stripe', () => {
  it('is finalized by the first observation, whatever has happened to it by then', () => {
    const document = stripeDocument();
    given()
      .when(observe())
      .then([{ type: 'invoice.finalized', ...document }]);
    given()
      .when(observe({ ...paid, ...refund('succeeded', 4_000), ...failed(0), overdue: true }))
      .thenMatches([
        { type: 'invoice.finalized', biller: 'stripe', number: document.number },
        { type: 'invoice.payment_received', payment_id: 'pay_1', amount: 10_000, overpaid: 0, amount_due: 0 },
        { type: 'invoice.paid', paid_at: LATER, lines: [{ price_id: 'price_1' }] },
        { type: 'invoice.refunded', refund_id: 'ref_1', amount_refunded: 4_000, full: false },
      ]);
  });
  it('is known: the same observation again changes nothing', () => {
    const seen = [paid, voided, uncollectible, failed(0), { overdue: true }, { ...paid, ...refund('succeeded') }];
    for (const changes of [{}, ...seen] as readonly Partial<InvoiceObservation>[])
      given(...after(changes))
        .when(observe(changes))
        .thenNothing();
  });
  it('gives a total below zero to the balance', () => {
    const document = stripeDocument({ ...totalsOf(-2_000), balance_applied: -2_000, amount_due: 0 });
    given()
      .when(observe({ document, status: 'paid' }))
      .thenMatches([
        { type: 'invoice.finalized' },
        { type: 'invoice.credited', amount: 2_000 },
        { type: 'invoice.paid', paid_at: ISSUED },
      ]);
  });
  it.each<Partial<StripeDocument>>([
    { number: 'STRIPE-0002' },
    { currency: 'usd' },
    { total: 9_999 },
    { amount_due: 9_999 },
    { taxes: [] },
    { lines: [] },
  ])('never changes: an observation with %j is refused', (changes) => {
    given(...after())
      .when(observe({ document: stripeDocument(changes) }))
      .thenRefused('INVOICE_EXISTS');
  });
  it('is the same if a price, the buyer or the next attempt is found to be another one', () => {
    const [line] = totalsOf(10_000).lines;
    if (line === undefined) throw new Error('no line');
    const changes = { buyer: null, next_attempt_at: LATER, balance_applied: -0, lines: [{ ...line, price_id: null }] };
    given(...after())
      .when(observe({ document: stripeDocument(changes) }))
      .thenNothing();
  });
  it('is not one of ours', () => {
    given(ours()).when(observe()).thenRefused('INVOICE_EXISTS');
    given(ours())
      .when(observe({ document: stripeDocument({ number: documentOf().number }) }))
      .thenRefused('INVOICE_EXISTS');
  });
});

describe('a payment of an invoice of Stripe', () => {
  it('leaves the rest due, and the invoice open until Stripe says that it is paid', () => {
    given(...after())
      .when(observe({ payments: [arrived('pay_1', 4_000)] }))
      .thenMatches([{ type: 'invoice.payment_received', amount: 4_000, amount_due: 6_000 }]);
    given(...after({ payments: [arrived('pay_1', 4_000)] }))
      .when(observe({ payments: [arrived('pay_1', 4_000), arrived('pay_2', 6_000)] }))
      .thenMatches([{ type: 'invoice.payment_received', payment_id: 'pay_2', amount_due: 0 }]);
  });
  it('of more than is due tells what was too much', () => {
    given(...after())
      .when(observe({ ...paid, payments: [arrived('pay_1', 10_050)] }))
      .thenMatches([
        { type: 'invoice.payment_received', overpaid: 50 },
        { type: 'invoice.overpaid', amount: 50 },
        { type: 'invoice.paid' },
      ]);
    given(...after(paid))
      .when(observe({ ...paid, payments: [arrived('pay_1', 10_000), arrived('pay_2', 10_000)] }))
      .thenMatches([{ type: 'invoice.payment_received' }, { type: 'invoice.overpaid', amount: 10_000 }]);
  });
  it('in another currency settles nothing', () => {
    const payments = [arrived('pay_1', 10_000, 'usd')];
    given(...after())
      .when(observe({ payments }))
      .thenMatches([{ type: 'invoice.payment_mismatched', payment_currency: 'usd', amount: 10_000 }]);
    given(...after({ payments }))
      .when(observe({ payments }))
      .thenNothing();
  });
  it.each([0, -1, 0.5, 2 ** 53])('of %d is refused', (amount) => {
    given(...after())
      .when(observe({ payments: [arrived('pay_1', amount)] }))
      .thenRefused('INVALID_AMOUNT');
  });
  it('counts once, also if the payment itself was observed before', () => {
    const receive: InvoiceCommand = { type: 'ReceivePayment', ...arrived('pay_1', 10_000), by: 'provider' };
    given(...afterDocument(stripeDocument(), receive))
      .when(observe(paid))
      .thenNothing();
  });
  it('need not be known: Stripe can mark an invoice as paid', () => {
    given(...after())
      .when(observe({ status: 'paid', status_since: LATER }))
      .thenMatches([{ type: 'invoice.paid', paid_at: LATER }]);
  });
});

describe('the status of an invoice of Stripe', () => {
  it('follows, and never goes back', () => {
    given(...after())
      .when(observe(uncollectible))
      .thenMatches([{ type: 'invoice.marked_uncollectible', amount_due: 10_000 }]);
    given(...after(uncollectible))
      .when(observe(paid))
      .thenMatches([{ type: 'invoice.payment_received' }, { type: 'invoice.paid' }]);
    given(...after(uncollectible))
      .when(observe(voided))
      .thenMatches([{ type: 'invoice.voided', voided_at: LATER }]);
    given(...after(uncollectible))
      .when(observe())
      .thenNothing();
    for (const last of [paid, voided])
      for (const late of [
        {},
        uncollectible,
        failed(0),
        { overdue: true },
        voided,
      ] as readonly Partial<InvoiceObservation>[])
        given(...after(last))
          .when(observe({ ...late, payments: [] }))
          .thenNothing();
  });
  it('returns nothing to the balance here: Stripe has its own', () => {
    const document = stripeDocument({ balance_applied: 3_000, amount_due: 7_000 });
    given(...afterDocument(document))
      .when(observe({ document, ...voided }))
      .thenMatches([{ type: 'invoice.voided', balance_returned: 0 }]);
  });
  it('is overdue once Stripe says so', () => {
    given(...after())
      .when({ type: 'MarkOverdue', now: '2030-01-01T00:00:00.000Z' })
      .thenNothing();
    given(...after())
      .when(observe({ overdue: true }))
      .thenMatches([{ type: 'invoice.overdue', amount_due: 10_000 }]);
  });
});

describe('a failed payment of an invoice of Stripe', () => {
  it('tells when Stripe tries again', () => {
    given(...after())
      .when(observe(failed(0)))
      .thenMatches([
        {
          type: 'invoice.payment_failed',
          payment_id: 'pay_0',
          attempt: 0,
          error: 'card_declined',
          next_attempt_at: LATER,
        },
      ]);
    given(...after(failed(0)))
      .when(observe(failed(1, null)))
      .thenMatches([{ type: 'invoice.payment_failed', attempt: 1, next_attempt_at: null }]);
  });
  it('is nothing new after a later one', () => {
    given(...after(failed(1)))
      .when(observe(failed(0)))
      .thenNothing();
  });
  it('is not tried again once the invoice is uncollectible', () => {
    given(...after(uncollectible))
      .when(observe({ ...uncollectible, ...failed(0) }))
      .thenMatches([{ type: 'invoice.payment_failed', next_attempt_at: null }]);
  });
});

describe('a refund of an invoice of Stripe', () => {
  it('that was made at Stripe counts once it has succeeded', () => {
    given(...after(paid))
      .when(observe({ ...paid, ...refund('pending') }))
      .thenNothing();
    given(...after(paid))
      .when(observe({ ...paid, ...refund('failed') }))
      .thenNothing();
    given(...after(paid))
      .when(observe({ ...paid, ...refund('succeeded') }))
      .thenMatches([{ type: 'invoice.refunded', amount: 10_000, full: true, refund_reason: null }]);
  });
  it('that was asked for here succeeds or fails', () => {
    const asked = afterDocument(stripeDocument(), observe(paid), request);
    given(...asked)
      .when(observe({ ...paid, ...refund('pending') }))
      .thenNothing();
    given(...asked)
      .when(observe({ ...paid, ...refund('succeeded') }))
      .thenMatches([{ type: 'invoice.refunded', refund_reason: 'asked' }]);
    given(...asked)
      .when(observe({ ...paid, ...refund('failed') }))
      .thenMatches([{ type: 'invoice.refund_failed', error: 'refund_failed' }]);
  });
  it('does not make anything due again', () => {
    const payments = [arrived('pay_1', 4_000)];
    given(...after({ payments, ...refund('succeeded', 4_000) }))
      .when(observe({ payments, overdue: true }))
      .thenMatches([{ type: 'invoice.overdue', amount_due: 6_000 }]);
  });
});

describe('what Stripe decides', () => {
  const commands: readonly InvoiceCommand[] = [
    { type: 'FinalizeInvoice', document: stripeDocument() },
    { type: 'ReceivePayment', ...arrived('pay_9', 1), by: 'operator' },
    { type: 'RecordFailedPayment', payment_id: 'pay_1', attempt: 0, error: 'declined' },
    { type: 'VoidInvoice', reason: null, now: LATER },
    { type: 'MarkUncollectible' },
    { type: 'RequestCreditNote', credit_note_id: 'cn_1', totals: totalsOf(1), reason: null, refund: false, now: LATER },
    { type: 'IssueCreditNote', credit_note_id: 'cn_1', number: 'CN-1', series_year: 2026, issued_at: LATER },
  ];
  it.each(commands)('is refused here: $type', (command) => {
    for (const events of [after(), after(paid), after(voided)])
      given(...events)
        .when(command)
        .thenRefused('INVOICE_OF_PROVIDER');
  });
  it('is not given a number of ours, nor finalized by us', () => {
    given().when({ type: 'FinalizeInvoice', document: stripeDocument() }).thenRefused('INVOICE_OF_PROVIDER');
    given(...after())
      .when({ type: 'FinalizeInvoice', document: documentOf() })
      .thenRefused('INVOICE_OF_PROVIDER');
  });
  it('is decided here for our own invoices', () => {
    for (const command of commands.slice(3, 5)) expect(afterOurs(command)).toHaveLength(2);
  });
  it('may be sent and refunded from here', () => {
    given(...after())
      .when({ type: 'MarkSent', now: LATER })
      .thenMatches([{ type: 'invoice.sent' }]);
    given(...after(paid))
      .when(request)
      .thenMatches([{ type: 'invoice.refund_requested', amount: 10_000 }]);
  });
});

import { addDays } from '../../shared/time.ts';
import {
  DUE,
  documentOf,
  finalized,
  invoiceAfter as after,
  invoiceAfterDocument as afterDocument,
  invoiceSpecification as given,
  ISSUED,
  orderOf,
  totalsOf,
} from '../../../testing/invoice.given.ts';
import type { InvoiceCommand } from './invoice.commands.ts';
import { invoiceStream } from './invoice.ts';

const LATER = '2026-03-01T00:00:00.000Z';

const pay = (payment_id: string, amount: number | null, more: object = {}): InvoiceCommand => ({
  type: 'ReceivePayment',
  payment_id,
  amount,
  currency: 'eur',
  paid_at: LATER,
  method: 'bank_transfer',
  reference: null,
  by: 'operator',
  ...more,
});
const draft = { type: 'invoice.created', ...orderOf(), totals: totalsOf(10_000), created_at: ISSUED } as const;
const finalize: InvoiceCommand = { type: 'FinalizeInvoice', document: documentOf() };
const voidIt: InvoiceCommand = { type: 'VoidInvoice', reason: null, now: LATER };

describe('a draft', () => {
  it('is created with its lines and what they add up to', () => {
    given()
      .when({ type: 'CreateDraft', order: orderOf(), totals: totalsOf(10_000), now: ISSUED })
      .then([draft]);
  });
  it('needs a line', () => {
    given()
      .when({ type: 'CreateDraft', order: orderOf({ lines: [] }), totals: totalsOf(0), now: ISSUED })
      .thenRefused('INVOICE_EMPTY');
  });
  it('is finalized', () => {
    given(draft).when(finalize).then([finalized()]);
  });
  it('cannot be paid, sent, credited or refunded', () => {
    given(draft).when(pay('pay_1', null)).thenRefused('INVOICE_NOT_FINALIZED');
    given(draft).when({ type: 'MarkSent', now: LATER }).thenRefused('INVOICE_NOT_FINALIZED');
  });
  it('can be deleted until it is about to get its number', () => {
    given(draft)
      .when(voidIt)
      .then([{ type: 'invoice.draft_deleted', deleted_at: LATER }]);
    given(draft, { type: 'invoice.finalization_started', issued_at: ISSUED })
      .when(voidIt)
      .thenRefused('INVOICE_NOT_DRAFT');
  });
});

describe('finalizing', () => {
  it('happens once: repeated with the same number it changes nothing', () => {
    given(finalized()).when(finalize).thenNothing();
    given(finalized())
      .when({ type: 'FinalizeInvoice', document: documentOf({ number: 'INV-2026-00002' }) })
      .thenRefused('INVOICE_EXISTS');
  });
  it('pays an invoice on which nothing is due', () => {
    const document = documentOf({ balance_applied: 10_000, amount_due: 0 });
    given()
      .when({ type: 'FinalizeInvoice', document })
      .thenMatches([
        { type: 'invoice.finalized' },
        { type: 'invoice.paid', paid_at: ISSUED, lines: [{ line: 1, price_id: 'price_1' }] },
      ]);
  });
  it('gives a total below zero to the balance of the customer', () => {
    const document = documentOf({ total: -2_000, balance_applied: -2_000, amount_due: 0 });
    given()
      .when({ type: 'FinalizeInvoice', document })
      .thenMatches([
        { type: 'invoice.finalized' },
        { type: 'invoice.credited', customer_id: document.customer_id, amount: 2_000 },
        { type: 'invoice.paid' },
      ]);
  });
  it('tells the key under which the buyer is sealed', () => {
    const { person, fields } = invoiceStream.personal['invoice.finalized'];
    expect(person(finalized())).toBe('books_2036');
    expect(fields).toEqual(['buyer']);
  });
});

describe('a payment', () => {
  it('of what is due pays the invoice', () => {
    given(...after())
      .when(pay('pay_1', null))
      .thenMatches([
        { type: 'invoice.payment_received', amount: 10_000, overpaid: 0, amount_due: 0 },
        { type: 'invoice.paid', paid_at: LATER },
      ]);
  });
  it('of a part leaves the rest due', () => {
    given(...after(pay('pay_1', 4_000)))
      .when(pay('pay_2', 6_000))
      .thenMatches([{ type: 'invoice.payment_received', amount: 6_000, amount_due: 0 }, { type: 'invoice.paid' }]);
  });
  it('of more than is due tells what was too much', () => {
    given(...after())
      .when(pay('pay_1', 10_050))
      .thenMatches([
        { type: 'invoice.payment_received', amount: 10_050, overpaid: 50, amount_due: 0 },
        { type: 'invoice.overpaid', amount: 50, payment_id: 'pay_1' },
        { type: 'invoice.paid' },
      ]);
  });
  it('counts once', () => {
    given(...after(pay('pay_1', 4_000)))
      .when(pay('pay_1', 4_000))
      .thenNothing();
  });
  it('in another currency settles nothing: refused from an operator, recorded from a provider', () => {
    given(...after())
      .when(pay('pay_1', 10_000, { currency: 'usd' }))
      .thenRefused('CURRENCY_MISMATCH', { currency: 'usd', invoice_currency: 'eur' });
    given(...after())
      .when(pay('pay_1', 10_000, { currency: 'usd', by: 'provider' }))
      .thenMatches([{ type: 'invoice.payment_mismatched', payment_currency: 'usd', amount: 10_000 }]);
  });
  it.each([0, -1, 1.5, 2 ** 53])('of %d is refused', (amount) => {
    given(...after())
      .when(pay('pay_1', amount))
      .thenRefused('INVALID_AMOUNT');
  });
  it('of a void invoice is refused from an operator; from a provider it goes to the balance', () => {
    given(...after(voidIt))
      .when(pay('pay_1', null))
      .thenRefused('INVOICE_VOID');
    given(...after(voidIt))
      .when(pay('pay_1', 10_000, { by: 'provider' }))
      .thenMatches([
        { type: 'invoice.payment_received', overpaid: 10_000 },
        { type: 'invoice.overpaid', amount: 10_000 },
      ]);
  });
  it('of a paid invoice is refused, unless its amount shows that it is a second one', () => {
    given(...after(pay('pay_1', null)))
      .when(pay('pay_2', null))
      .thenRefused('INVOICE_PAID');
    given(...after(pay('pay_1', null)))
      .when(pay('pay_2', 10_000))
      .thenMatches([{ type: 'invoice.payment_received' }, { type: 'invoice.overpaid', amount: 10_000 }]);
  });
  it('makes an uncollectible invoice paid', () => {
    given(...after({ type: 'MarkUncollectible' }))
      .when(pay('pay_1', null))
      .thenMatches([{ type: 'invoice.payment_received' }, { type: 'invoice.paid' }]);
  });
});

describe('a failed payment', () => {
  const collected = finalized({ provider: 'hyperswitch', next_attempt_at: ISSUED });
  const fail = (attempt: number): InvoiceCommand => ({
    type: 'RecordFailedPayment',
    payment_id: `pay_${attempt}`,
    attempt,
    error: 'card_declined',
  });

  it('is attempted again 1, 3, 5 and 7 days after issue, spread over an hour', () => {
    for (const [attempt, day] of [
      [0, 1],
      [1, 3],
      [2, 5],
      [3, 7],
    ] as const) {
      const from = Date.parse(ISSUED) + day * 86_400_000;
      given(collected)
        .when(fail(attempt))
        .thenMatches([
          {
            type: 'invoice.payment_failed',
            attempt,
            error: 'card_declined',
            next_attempt_at: expect.stringContaining(new Date(from).toISOString().slice(0, 10)) as string,
          },
        ]);
    }
  });
  it('is the last one after five attempts', () => {
    given(collected)
      .when(fail(4))
      .thenMatches([{ type: 'invoice.payment_failed', next_attempt_at: null }]);
  });
  it('is not attempted again for an invoice that is not collected', () => {
    given(finalized())
      .when(fail(0))
      .thenMatches([{ next_attempt_at: null }]);
  });
  it('counts once, and not after the payment', () => {
    given(...after(fail(0)))
      .when(fail(0))
      .thenNothing();
    given(...after(pay('pay_9', null)))
      .when(fail(0))
      .thenNothing();
  });
});

describe('an open invoice', () => {
  const overdue: InvoiceCommand = { type: 'MarkOverdue', now: LATER };
  it('becomes overdue once', () => {
    given(finalized()).when({ type: 'MarkOverdue', now: DUE }).thenNothing();
    given(finalized())
      .when(overdue)
      .thenMatches([{ type: 'invoice.overdue', due_at: DUE, amount_due: 10_000 }]);
    given(...after(overdue))
      .when(overdue)
      .thenNothing();
    given(...after(pay('pay_1', null)))
      .when(overdue)
      .thenNothing();
  });
  it('is not overdue while its provider collects it', () => {
    const [at, collected] = [ISSUED, finalized({ provider: 'hyperswitch', due_at: ISSUED, next_attempt_at: ISSUED })];
    const soon: InvoiceCommand = { type: 'MarkOverdue', now: addDays(ISSUED, 8) };
    given(collected).when(soon).thenNothing();
    given(collected)
      .when({ type: 'MarkOverdue', now: addDays(ISSUED, 9) })
      .thenMatches([{ type: 'invoice.overdue', due_at: at }]);
    given(finalized({ provider: 'hyperswitch', due_at: at, reason: 'subscription_create' }))
      .when(overdue)
      .thenNothing();
    const failed = (attempts: number) =>
      afterDocument(
        documentOf({ provider: 'hyperswitch', due_at: at, next_attempt_at: at }),
        ...Array.from({ length: attempts }, (_, n): InvoiceCommand => ({
          type: 'RecordFailedPayment',
          payment_id: `pay_${n}`,
          attempt: n,
          error: 'declined',
        })),
      );
    given(...failed(4))
      .when(soon)
      .thenNothing();
    given(...failed(5))
      .when(soon)
      .thenMatches([{ type: 'invoice.overdue', due_at: at }]);
  });
  it('is voided, unless money has arrived', () => {
    given(finalized({ balance_applied: 3_000, amount_due: 7_000 }))
      .when(voidIt)
      .thenMatches([{ type: 'invoice.voided', balance_returned: 3_000 }]);
    given(...after(voidIt))
      .when(voidIt)
      .thenNothing();
    given(...after(pay('pay_1', 1)))
      .when(voidIt)
      .thenRefused('INVOICE_HAS_PAYMENTS', { amount_paid: 1 });
    given(...after(pay('pay_1', null)))
      .when(voidIt)
      .thenRefused('INVOICE_PAID');
  });
  it('is marked uncollectible', () => {
    given(finalized())
      .when({ type: 'MarkUncollectible' })
      .thenMatches([{ type: 'invoice.marked_uncollectible', amount_due: 10_000 }]);
    given(...after(voidIt))
      .when({ type: 'MarkUncollectible' })
      .thenRefused('INVOICE_VOID');
  });
});

describe('a credit note', () => {
  const request = (id: string, amount: number, refund = false): InvoiceCommand => ({
    type: 'RequestCreditNote',
    credit_note_id: id,
    totals: totalsOf(amount),
    reason: 'too much',
    refund,
    now: LATER,
  });
  const issue = (id: string): InvoiceCommand => ({
    type: 'IssueCreditNote',
    credit_note_id: id,
    number: `CN-${id}`,
    series_year: 2026,
    issued_at: LATER,
  });

  it('reserves a part of the invoice, at most the rest', () => {
    given(finalized())
      .when(request('cn_1', 6_000))
      .thenMatches([{ type: 'credit_note.requested', total: 6_000 }]);
    given(...after(request('cn_1', 6_000)))
      .when(request('cn_2', 4_001))
      .thenRefused('CREDIT_EXCEEDS_INVOICE', { creditable: 4_000 });
    given(...after(request('cn_1', 6_000)))
      .when(request('cn_1', 6_000))
      .thenNothing();
    given(finalized()).when(request('cn_1', 0)).thenRefused('INVALID_AMOUNT');
    given(...after(voidIt))
      .when(request('cn_1', 1))
      .thenRefused('INVOICE_VOID');
  });
  it('lowers what is due first', () => {
    given(...after(request('cn_1', 6_000)))
      .when(issue('cn_1'))
      .then([
        expect.objectContaining({
          type: 'credit_note.issued',
          due_reduced: 6_000,
          to_balance: 0,
          to_refund: 0,
          amount_due: 4_000,
        }),
      ]);
    given(...after(request('cn_1', 6_000), issue('cn_1')))
      .when(issue('cn_1'))
      .thenNothing();
    given(finalized()).when(issue('cn_1')).thenRefused('CREDIT_NOTE_NOT_FOUND');
  });
  it('voids an unpaid invoice that it credits in full, and pays one that was paid in part', () => {
    given(...after(request('cn_1', 10_000)))
      .when(issue('cn_1'))
      .thenMatches([{ type: 'credit_note.issued' }, { type: 'invoice.voided', void_reason: 'credited' }]);
    given(...after(pay('pay_1', 4_000), request('cn_1', 6_000)))
      .when(issue('cn_1'))
      .thenMatches([{ type: 'credit_note.issued', due_reduced: 6_000 }, { type: 'invoice.paid' }]);
  });
  it('gives what was paid to the balance, or refunds it', () => {
    given(...after(pay('pay_1', null), request('cn_1', 3_000)))
      .when(issue('cn_1'))
      .thenMatches([{ due_reduced: 0, to_balance: 3_000, to_refund: 0 }]);
    given(...after(pay('pay_1', null), request('cn_1', 3_000, true)))
      .when(issue('cn_1'))
      .thenMatches([{ due_reduced: 0, to_balance: 0, to_refund: 3_000 }]);
  });
  it('gives back to the balance what the balance had paid', () => {
    const document = documentOf({ balance_applied: 8_000, amount_due: 2_000 });
    given(...afterDocument(document, pay('pay_1', 2_000), request('cn_1', 10_000, true)))
      .when(issue('cn_1'))
      .thenMatches([{ to_refund: 2_000, to_balance: 8_000 }]);
  });
});

describe('a refund', () => {
  const refund = (amount: number | null, ...ids: string[]): InvoiceCommand => ({
    type: 'RequestRefund',
    refund_ids: ids,
    amount,
    reason: 'asked',
    now: LATER,
  });
  const record = (refund_id: string, payment_id: string, amount: number): InvoiceCommand => ({
    type: 'RecordRefund',
    refund_id,
    payment_id,
    amount,
  });

  it('takes the newest payment first', () => {
    given(...after(pay('pay_1', 4_000), pay('pay_2', 6_000)))
      .when(refund(7_000, 'ref_1', 'ref_2'))
      .thenMatches([
        { refund_id: 'ref_1', payment_id: 'pay_2', amount: 6_000 },
        { refund_id: 'ref_2', payment_id: 'pay_1', amount: 1_000 },
      ]);
  });
  it('is at most what was paid, without what went to the balance or is being refunded', () => {
    given(finalized()).when(refund(null, 'ref_1')).thenRefused('REFUND_EXCEEDS_PAYMENT', { refundable: 0 });
    given(...after(pay('pay_1', 10_500), refund(4_000, 'ref_1')))
      .when(refund(6_001, 'ref_2'))
      .thenRefused('REFUND_EXCEEDS_PAYMENT', { refundable: 6_000 });
    given(...after(pay('pay_1', null)))
      .when(refund(-1, 'ref_1'))
      .thenRefused('INVALID_AMOUNT');
  });
  it('takes from each payment what is left of it, although an earlier refund has not succeeded yet', () => {
    given(...after(pay('pay_1', 4_000), pay('pay_2', 6_000), refund(5_000, 'ref_1')))
      .when(refund(3_000, 'ref_2', 'ref_2/1'))
      .thenMatches([
        { type: 'invoice.refund_requested', payment_id: 'pay_2', amount: 1_000 },
        { type: 'invoice.refund_requested', payment_id: 'pay_1', amount: 2_000 },
      ]);
  });
  it('is decided once', () => {
    given(...after(pay('pay_1', null), refund(4_000, 'ref_1')))
      .when(refund(4_000, 'ref_1'))
      .thenNothing();
  });
  it('is full when nothing of what was paid is left', () => {
    given(...after(pay('pay_1', null), refund(4_000, 'ref_1')))
      .when(record('ref_1', 'pay_1', 4_000))
      .thenMatches([{ type: 'invoice.refunded', amount_refunded: 4_000, full: false, refund_reason: 'asked' }]);
    given(...after(pay('pay_1', null), refund(4_000, 'ref_1'), record('ref_1', 'pay_1', 4_000)))
      .when(record('ref_2', 'pay_1', 6_000))
      .thenMatches([{ type: 'invoice.refunded', amount_refunded: 10_000, full: true }]);
    given(...after(pay('pay_1', null), record('ref_1', 'pay_1', 4_000)))
      .when(record('ref_1', 'pay_1', 4_000))
      .thenNothing();
  });
  it('that failed may be tried again', () => {
    const failed: InvoiceCommand = {
      type: 'FailRefund',
      refund_id: 'ref_1',
      payment_id: 'pay_1',
      amount: 10_000,
      error: 'no funds',
    };
    given(...after(pay('pay_1', null), refund(null, 'ref_1'), failed))
      .when(refund(null, 'ref_2'))
      .thenMatches([{ type: 'invoice.refund_requested', amount: 10_000 }]);
  });
});

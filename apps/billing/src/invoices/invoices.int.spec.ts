import { Global, Module } from '@nestjs/common';
import type { InvoiceEvent } from '#domain/billing/invoice/invoice.events';
import { invoiceStream } from '#domain/billing/invoice/invoice';
import type { IssueInvoice } from '#domain/billing/invoice/invoice.request';
import { newId } from '#domain/shared/id';
import { DAY_MS } from '#domain/shared/time';
import type { EventMetadata } from '#events/event';
import type { EventStore } from '#events/store';
import type { Turn } from '#platform/background/background-work';
import { EVENT_STORE } from '#platform/service';
import { ISSUED, observed, observing, stripeDocument } from '#domain/testing/invoice.given';
import { checkBooks } from '../../../../test/billing/checker.ts';
import { FakeProvider } from '../../../../test/billing/fake-provider.ts';
import { eventually, startApp, type TestApp } from '../../../../test/support/app.ts';
import { MovableClock } from '../../../../test/support/clock.ts';
import { licensingStandIn } from '../../../../test/support/licensing-log.ts';
import { gatewayService } from '../../../gateway/src/gateway.module.ts';
import { billingService } from '../billing.module.ts';
import { Customers } from '../customers/customers.ts';
import { paymentId, Payments } from '../payments/payments.ts';
import { PAYMENT_PROVIDERS } from '../payments/provider.ts';
import { CreditNotes } from './credit-notes.ts';
import { totalsOf } from './composing.ts';
import { Finalizing } from './finalizing.ts';
import { FinishFinalizing } from './finish-finalizing.ts';
import { Invoices } from './invoices.ts';
import { MarkOverdue } from './mark-overdue.ts';
import { Numbers } from './numbers.ts';
import { InvoiceParties } from './parties.ts';

const clock = new MovableClock();
const provider = new FakeProvider(clock);

@Global()
@Module({ providers: [{ provide: PAYMENT_PROVIDERS, useValue: [provider] }], exports: [PAYMENT_PROVIDERS] })
class FakeProviderModule {}

const metadata: EventMetadata = { actor: { type: 'system', id: 'test' }, correlation_id: 'test' };

let app: TestApp;
let customer_id: string;

const of = <T>(token: abstract new (...args: never[]) => T): T =>
  app.app.nest.select(billingService.module).get<T>(token as never, { strict: false });

beforeAll(async () => {
  app = await startApp({
    services: [gatewayService, licensingStandIn, billingService],
    modules: [FakeProviderModule],
    clock,
  });
  await app.call('PUT', '/admin/organization', { legal_name: 'Seller GmbH' });
  customer_id = await newCustomer();
});
afterAll(() => app.close());

let people = 0;
const newCustomer = async (): Promise<string> =>
  (await of(Customers).forEmail(`ada${(people += 1)}@example.com`, { name: 'Ada' }, metadata)).customer_id;

const requestOf = (changes: Partial<IssueInvoice> = {}): IssueInvoice => ({
  invoice_id: newId('inv'),
  customer_id,
  subscription_id: null,
  subscriber: null,
  product_id: null,
  currency: 'eur',
  lines: [
    {
      kind: 'manual',
      description: 'Work',
      product_id: null,
      plan_id: null,
      price_id: null,
      license_id: null,
      quantity: 1,
      unit_amount: '10000',
      amount: 10_000,
      period: null,
      tax_behavior: 'exclusive',
      discountable: true,
    },
  ],
  discounts: [],
  period: null,
  due_days: 14,
  po_number: null,
  provider: 'bank_transfer',
  reason: 'manual',
  issued_at: clock.now().toISOString(),
  ...changes,
});

const issue = async (changes: Partial<IssueInvoice> = {}): Promise<string> =>
  (await of(Invoices).issue(requestOf(changes), metadata)).invoice_id;

const draft = (more: object = {}): Promise<Record<string, unknown>> =>
  app.create('/admin/invoices', {
    customer_id,
    currency: 'eur',
    lines: [{ description: 'Work', amount: 5_000, quantity: 2, tax_rate: '19' }],
    ...more,
  });
const post = (id: unknown, action: string, body?: unknown, headers = {}) =>
  app.call('POST', `/admin/invoices/${String(id)}/${action}`, body, headers);
const read = async (id: unknown) => (await app.call('GET', `/admin/invoices/${String(id)}`)).body;
const balance = async (id: string): Promise<number> => (await of(Customers).find(id)).balances['eur'] ?? 0;

describe('an invoice over HTTP', () => {
  it('is drafted, finalized, sent and paid', async () => {
    const { id, number, status, total, taxes } = await draft({ po_number: 'PO 7' });
    expect({ number, status, total, taxes }).toMatchObject({
      number: null,
      status: 'draft',
      total: 11_900,
      taxes: [{ rate: '19', taxable: 10_000, amount: 1_900 }],
    });
    const finalized = await post(id, 'finalize');
    expect(finalized.status).toBe(200);
    expect(finalized.body).toMatchObject({
      status: 'open',
      number: expect.stringMatching(/^INV-\d{4}-\d{5}$/) as string,
      amount_due: 11_900,
      po_number: 'PO 7',
      buyer: { customer_id, name: 'Ada' },
    });
    expect((await post(id, 'finalize')).body).toMatchObject({ code: 'INVOICE_NOT_DRAFT' });
    expect((await post(id, 'send')).body.sent_at).not.toBeNull();
    const paid = await post(id, 'mark-paid', { method: 'bank transfer', reference: 'E2E-1' });
    expect(paid.body).toMatchObject({ status: 'paid', amount_paid: 11_900, amount_due: 0 });
    const payments = await app.call('GET', `/admin/payments?invoice_id=${String(id)}`);
    expect(payments.body.data).toMatchObject([
      { provider: 'manual', status: 'succeeded', amount: 11_900, reference: 'E2E-1' },
    ]);
  });

  it('is read as of an earlier time, and found by filters and by words of other systems', async () => {
    const mine = await newCustomer();
    const { id } = await draft({ customer_id: mine });
    await post(id, 'finalize');
    const before = new Date(Date.now() + 5).toISOString();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await post(id, 'mark-paid', { method: 'cash' });
    const found = async (query: string): Promise<number> =>
      (await app.call('GET', `/admin/invoices?customer_id=${mine}&${query}`)).body.data.length as number;
    expect((await app.call('GET', `/admin/invoices/${String(id)}?as_of=${before}`)).body.status).toBe('open');
    expect(await found('status=paid')).toBe(1);
    expect(await found('status=pending')).toBe(0);
    expect(await found('status=refunded')).toBe(0);
    await post(id, 'refund', {});
    expect(await found('status=refunded')).toBe(1);
    expect(await found('overdue=true')).toBe(0);
  });

  it('tells what is wrong, and changes nothing', async () => {
    const { id } = await draft();
    const code = async (action: string, body: unknown): Promise<string> =>
      String((await post(id, action, body)).body.code);
    expect(await code('mark-paid', { method: 'cash' })).toBe('INVOICE_NOT_FINALIZED');
    await post(id, 'finalize');
    expect(await code('mark-paid', { method: 'cash', currency: 'usd' })).toBe('CURRENCY_MISMATCH');
    expect(await code('mark-paid', { method: 'cash', paid_at: '2126-01-01T00:00:00.000Z' })).toBe('VALIDATION_FAILED');
    for (const amount of [0, -1, 1.5, '1', 2 ** 53])
      expect(await code('mark-paid', { method: 'x', amount })).toBe('VALIDATION_FAILED');
    expect(await code('credit-notes', { amount: 11_901 })).toBe('CREDIT_EXCEEDS_INVOICE');
    expect(await code('refund', { amount: 1 })).toBe('REFUND_EXCEEDS_PAYMENT');
    expect((await post(id, 'void', {})).body.status).toBe('void');
    expect(await code('mark-paid', { method: 'cash' })).toBe('INVOICE_VOID');
    expect(await code('credit-notes', { amount: 1 })).toBe('INVOICE_VOID');
    expect((await post(newId('inv'), 'void', {})).body.code).toBe('INVOICE_NOT_FOUND');
    const bad = { customer_id, currency: 'eur', lines: [{ description: 'x', amount: 1, quantity: 0 }] };
    expect((await app.call('POST', '/admin/invoices', bad)).status).toBe(400);
    const rate = { customer_id, currency: 'eur', lines: [{ description: 'x', amount: 1, tax_rate: '100.5' }] };
    expect((await app.call('POST', '/admin/invoices', rate)).status).toBe(400);
    const currency = { customer_id, currency: 'eurr', lines: [{ description: 'x', amount: 1 }] };
    expect((await app.call('POST', '/admin/invoices', currency)).status).toBe(400);
  });

  it('records a payment once for an Idempotency-Key', async () => {
    const id = await issue();
    const headers = { 'idempotency-key': 'transfer-1' };
    const body = { method: 'bank transfer', amount: 4_000 };
    await post(id, 'mark-paid', body, headers);
    await post(id, 'mark-paid', body, headers);
    expect(await read(id)).toMatchObject({ amount_paid: 4_000, amount_due: 6_000, status: 'open' });
  });

  it('goes on with a call that a crash interrupted, although nothing is left to pay or to credit', async () => {
    const id = await issue();
    const payment = { amount: null, currency: null, method: 'bank transfer', reference: null };
    const payment_id = newId('pay');
    const pay = () =>
      of(Payments).recordManual(id, payment_id, { ...payment, paid_at: clock.now().toISOString() }, { metadata });
    await pay();
    await pay();
    expect(await read(id)).toMatchObject({ amount_paid: 10_000, amount_overpaid: 0, status: 'paid' });
    const note = { credit_note_id: newId('cn'), credited: null, reason: null, refund: false };
    const first = await of(CreditNotes).issue(id, note, { metadata });
    expect(await of(CreditNotes).issue(id, note, { metadata })).toEqual(first);
    expect(first).toMatchObject({ total: 10_000, to_balance: 10_000 });
  });
});

describe('money', () => {
  it('that is too much goes to the balance, which the next invoice uses', async () => {
    const mine = await newCustomer();
    const first = await issue({ customer_id: mine });
    await post(first, 'mark-paid', { method: 'bank transfer', amount: 13_000 });
    expect(await read(first)).toMatchObject({ status: 'paid', amount_overpaid: 3_000 });
    expect(await balance(mine)).toBe(3_000);
    expect(await of(Invoices).preview(requestOf({ customer_id: mine }))).toMatchObject({
      total: 10_000,
      amount_due: 7_000,
    });
    const second = await issue({ customer_id: mine });
    expect(await read(second)).toMatchObject({ balance_applied: 3_000, amount_due: 7_000 });
    expect(await balance(mine)).toBe(0);
    await post(second, 'void', {});
    expect(await balance(mine)).toBe(3_000);
  });

  it('is credited with numbers of their own, to the balance or back to the customer', async () => {
    const mine = await newCustomer();
    const id = await issue({ customer_id: mine });
    await post(id, 'mark-paid', { method: 'bank transfer' });
    const note = await post(id, 'credit-notes', { amount: 2_500, reason: 'late' });
    expect(note.status).toBe(201);
    expect(note.body).toMatchObject({
      number: expect.stringMatching(/^INV-CN-\d{4}-\d{5}$/) as string,
      total: 2_500,
      to_balance: 2_500,
    });
    expect(await balance(mine)).toBe(2_500);
    expect((await post(id, 'credit-notes', { amount: 1_500, refund: true })).body).toMatchObject({ to_refund: 1_500 });
    expect(await read(id)).toMatchObject({ amount_refunded: 1_500, status: 'paid' });
    expect((await post(id, 'refund', {})).body).toMatchObject({ amount_refunded: 7_500 });
    expect((await post(id, 'refund', {})).body.code).toBe('REFUND_EXCEEDS_PAYMENT');
    expect((await read(id)).credit_notes).toHaveLength(3);
  });

  it('of an invoice with a negative total is given to the balance', async () => {
    const mine = await newCustomer();
    const [line] = requestOf().lines;
    if (line === undefined) throw new Error('no line');
    const id = await issue({ customer_id: mine, lines: [{ ...line, amount: -700, unit_amount: '-700' }] });
    expect(await read(id)).toMatchObject({ total: -700, amount_due: 0, status: 'paid' });
    expect(await balance(mine)).toBe(700);
  });
});

describe('the journal', () => {
  it('has a row for each line with its tax, and credit notes as negative amounts', async () => {
    const { id } = await draft({
      lines: [
        { description: '=1+1', amount: 1_001, tax_rate: '19' },
        { description: 'b', amount: 1 },
      ],
    });
    const { number } = (await post(id, 'finalize')).body as { number: string };
    await post(id, 'credit-notes', { lines: [{ line: 1 }] });
    const { body, status } = await app.call(
      'GET',
      '/admin/journal?format=csv&from=2000-01-01T00:00:00Z&to=2100-01-01T00:00:00Z',
    );
    expect(status).toBe(200);
    const rows = String(body)
      .split('\n')
      .filter((row) => row.includes(number));
    expect(rows).toHaveLength(3);
    expect(rows[0]).toContain(`'=1+1,,1,eur,10.01,19,S,1.90,11.91`);
    expect(rows[1]).toContain('b,,1,eur,0.01,0,O,0.00,0.01');
    expect(rows[2]).toContain('-10.01,19,S,-1.90,-11.91');
  });
});

describe('numbers', () => {
  const numbersOf = async (ids: readonly string[]): Promise<{ number: string; issued_at: string }[]> => {
    const store = app.app.nest.select(billingService.module).get<EventStore>(EVENT_STORE, { strict: false });
    return Promise.all(
      ids.map(async (id) => {
        const { state } = await store.load(invoiceStream, id);
        if (!('document' in state)) throw new Error(`${id} is not finalized`);
        return { number: state.document.number, issued_at: state.document.issued_at };
      }),
    );
  };
  const countOf = ({ number }: { number: string }): number => Number(number.slice(-5));

  it('of 50 invoices that are finalized at once have no gaps, and ascend with the time of issue', async () => {
    const drafts = await Promise.all(Array.from({ length: 25 }, () => draft()));
    const [, issued] = await Promise.all([
      Promise.all(drafts.map(({ id }) => post(id, 'finalize'))),
      of(Invoices).issueMany(
        Array.from({ length: 25 }, () => requestOf()),
        metadata,
      ),
    ]);
    expect(issued.every(({ status }) => status === 'fulfilled')).toBe(true);
    const ids = [
      ...drafts.map(({ id }) => String(id)),
      ...issued.flatMap((result) => (result.status === 'fulfilled' ? [result.value.invoice_id] : [])),
    ];
    const numbers = (await numbersOf(ids)).sort((a, b) => countOf(a) - countOf(b));
    const [first] = numbers;
    expect(numbers.map(countOf)).toEqual(numbers.map((_, n) => n + (first === undefined ? 0 : countOf(first))));
    const times = numbers.map(({ issued_at }) => issued_at);
    expect(times).toEqual([...times].sort());
  });

  it('are used after a crash between the number and the invoice', async () => {
    const request = requestOf();
    const { invoice_id, issued_at } = request;
    const document = { document_id: invoice_id, invoice_id, issued_at, request };
    const number = (await of(Numbers).assign('invoice', 'INV', [document], metadata)).get(invoice_id);
    await of(FinishFinalizing).attend(invoice_id);
    expect(await read(invoice_id)).toMatchObject({ number: number?.number, status: 'open', total: 10_000 });
    // The caller comes back.
    expect(await of(Invoices).issue(request, metadata)).toMatchObject({ number: number?.number });

    const again = requestOf();
    const other = { ...document, document_id: again.invoice_id, invoice_id: again.invoice_id, request: again };
    const kept = (await of(Numbers).assign('invoice', 'INV', [other], metadata)).get(again.invoice_id);
    expect(await of(Invoices).issue(again, metadata)).toMatchObject({ number: kept?.number });
  });

  it('lose no credit that arrives while two processes finalize the invoice', async () => {
    const mine = await newCustomer();
    const request = requestOf({ customer_id: mine });
    const { invoice_id, issued_at, ...order } = request;
    const parties = await of(InvoiceParties).of(mine, issued_at);
    const prepared = {
      invoice_id,
      order,
      seller: await of(InvoiceParties).seller(),
      parties,
      totals: totalsOf(order, parties),
    };
    const cause = { currency: 'eur', reason: 'goodwill', source: `${invoice_id}/test` };
    await of(Customers).changeBalance(mine, { ...cause, amount: 3_000 }, metadata);
    // One process knows of the credit and takes it; the other one finalizes without it.
    const taking = { currency: 'eur', up_to: 10_000, reason: 'invoice', source: invoice_id };
    expect(await of(InvoiceParties).take(mine, taking, metadata)).toBe(3_000);
    const document = { document_id: invoice_id, invoice_id, issued_at, request };
    const number = (await of(Numbers).assign('invoice', 'INV', [document], metadata)).get(invoice_id);
    if (number === undefined) throw new Error('there is no number');
    await of(Finalizing).finalize(prepared, number, metadata);
    expect(await read(invoice_id)).toMatchObject({ status: 'open', amount_due: 10_000 });
    await eventually(async () => (await balance(mine)) === 3_000);
    expect((await of(Invoices).issue(requestOf({ customer_id: mine }), metadata)).amount_due).toBe(7_000);
  });

  it('are used after a crash while a draft is finalized', async () => {
    const { id } = await draft();
    const store = app.app.nest.select(billingService.module).get<EventStore>(EVENT_STORE, { strict: false });
    const started: InvoiceEvent = { type: 'invoice.finalization_started', issued_at: clock.now().toISOString() };
    await store.handle(invoiceStream, String(id), () => [started], { metadata });
    expect((await post(id, 'void', {})).body.code).toBe('INVOICE_NOT_DRAFT');
    await of(FinishFinalizing).attend(String(id));
    expect(await read(id)).toMatchObject({ status: 'open', total: 11_900 });
  });
});

describe('the collection of payments', () => {
  beforeEach(() => {
    provider.next.length = 0;
    provider.breaking = undefined;
  });

  const collected = (changes: Partial<IssueInvoice> = {}): Promise<string> =>
    issue({ provider: 'hyperswitch', reason: 'subscription_cycle', ...changes });

  it('pays at once, with one payment', async () => {
    const id = await collected();
    const paid = await eventually(async () => {
      const invoice = await read(id);
      return invoice.status === 'paid' && invoice;
    });
    expect(paid).toMatchObject({ amount_paid: 10_000, next_attempt_at: null });
    expect(provider.calls.filter((call) => call === `start ${paymentId(id, 0)}`)).toHaveLength(1);
  });

  it('tries again on days 1, 3, 5 and 7, and then gives up', async () => {
    provider.next.push('failed', 'failed', 'failed', 'failed', 'failed');
    const id = await collected();
    const days: number[] = [];
    let planned: unknown;
    for (let attempt = 0; attempt < 5; attempt++) {
      // The payment fails first, then the invoice hears of it and plans the next attempt.
      const invoice = await eventually(async () => {
        const { data } = (await app.call('GET', `/admin/payments?invoice_id=${id}&status=failed`)).body as {
          data: object[];
        };
        const heard = await read(id);
        const isTold = heard.last_payment_error !== null && heard.next_attempt_at !== planned;
        return data.length === attempt + 1 && isTold && heard;
      });
      planned = invoice.next_attempt_at;
      expect(invoice).toMatchObject({ status: 'open', last_payment_error: 'card_declined' });
      if (invoice.next_attempt_at === null) break;
      const wait = Date.parse(String(invoice.next_attempt_at)) - Date.parse(String(invoice.issued_at));
      days.push(Math.floor(wait / DAY_MS));
      clock.pass(Date.parse(String(invoice.next_attempt_at)) - clock.now().getTime() + 1_000);
    }
    expect(days).toEqual([1, 3, 5, 7]);
    expect(await read(id)).toMatchObject({ next_attempt_at: null, overdue: false });
    const failed = (await app.call('GET', `/admin/invoices?customer_id=${customer_id}&status=failed`)).body;
    expect((failed.data as { id: string }[]).map((invoice) => invoice.id)).toContain(id);
  });

  it('asks before it starts again when the provider broke off after it had charged', async () => {
    provider.breaking = 'start';
    const id = await collected();
    const payment_id = paymentId(id, 0);
    await eventually(() => provider.calls.includes(`start ${payment_id}`));
    await eventually(async () => {
      await of(Payments).ask(payment_id, metadata);
      return (await read(id)).status === 'paid';
    });
    expect(provider.calls.filter((call) => call === `start ${payment_id}`)).toHaveLength(1);
  });

  it('counts a payment that needed an action of the customer, and money that comes twice', async () => {
    const mine = await newCustomer();
    provider.next.push('requires_action');
    const id = await collected({ customer_id: mine, reason: 'subscription_create' });
    const started = await of(Payments).start(id, 0, { off_session: false }, metadata);
    expect(started).toMatchObject({ state: 'requires_action', client_secret: `secret_${started.payment_id}` });
    const again = await of(Payments).start(id, 0, { off_session: false }, metadata);
    expect(again.payment_id).toBe(started.payment_id);
    await post(id, 'mark-paid', { method: 'cash' });
    const paid = provider.becomes(started.payment_id, 'succeeded');
    await of(Payments).observe(started.payment_id, paid, metadata);
    await of(Payments).observe(started.payment_id, paid, metadata);
    expect(await read(id)).toMatchObject({ status: 'paid', amount_paid: 20_000, amount_overpaid: 10_000 });
    expect(await balance(mine)).toBe(10_000);
  });

  describe('ends at the provider', () => {
    const waiting = async (customer?: string): Promise<readonly [invoice_id: string, payment_id: string]> => {
      provider.next.push('requires_action');
      const id = await collected({
        reason: 'subscription_create',
        ...(customer === undefined ? {} : { customer_id: customer }),
      });
      const { payment_id } = await of(Payments).start(id, 0, { off_session: false }, metadata);
      return [id, payment_id];
    };
    const isCanceled = (payment_id: string): Promise<unknown> =>
      eventually(() => provider.payments.get(payment_id)?.state === 'canceled');

    it.each([
      ['void', {}],
      ['mark-uncollectible', undefined],
      ['mark-paid', { method: 'cash' }],
    ])('with %s of the invoice', async (action, body) => {
      const [id, payment_id] = await waiting();
      expect((await post(id, action, body)).status).toBe(200);
      await isCanceled(payment_id);
    });

    it('also if the provider is away at first', async () => {
      const [id, payment_id] = await waiting();
      provider.breaking = 'cancel';
      await post(id, 'void', {});
      await eventually(() => provider.calls.includes(`cancel ${payment_id}`));
      expect(provider.payments.get(payment_id)?.state).toBe('requires_action');
      await of(Payments).ask(payment_id, metadata);
      await isCanceled(payment_id);
      const { data } = (await app.call('GET', `/admin/payments?invoice_id=${id}`)).body as { data: object[] };
      expect(data).toMatchObject([{ status: 'canceled' }]);
    });

    it('and what had been paid by then is credit of the customer', async () => {
      const mine = await newCustomer();
      const [id, payment_id] = await waiting(mine);
      provider.becomes(payment_id, 'succeeded');
      expect((await post(id, 'void', {})).status).toBe(200);
      await eventually(async () => (await balance(mine)) === 10_000);
      expect(await read(id)).toMatchObject({ status: 'void', amount_paid: 10_000, amount_overpaid: 10_000 });
    });
  });

  it('does not settle an invoice with another currency', async () => {
    const id = await collected({ reason: 'subscription_create' });
    provider.currency = 'usd';
    await of(Payments).start(id, 0, { off_session: false }, metadata);
    provider.currency = undefined;
    expect(await read(id)).toMatchObject({ status: 'open', amount_paid: 0, last_payment_error: 'CURRENCY_MISMATCH' });
  });

  it('is changed at Stripe, if Stripe made it, and has a number of its own', async () => {
    const document = stripeDocument({ customer_id, subscription_id: null, due_at: ISSUED, issued_at: ISSUED });
    const ids = [newId('inv'), newId('inv')];
    for (const id of ids) await of(Invoices).handle(id, observing(observed({ document })), { metadata });
    const [id = ''] = ids;
    for (const [action, body] of [
      ['void', {}],
      ['mark-paid', { method: 'cash' }],
      ['mark-uncollectible', undefined],
      ['credit-notes', { amount: 100 }],
    ] as const) {
      const { status, body: problem } = await post(id, action, body);
      expect([action, status, problem.code]).toEqual([action, 409, 'INVOICE_OF_PROVIDER']);
    }
    await of(MarkOverdue).attend(id, { now: clock.now() } as Turn);
    expect(await of(MarkOverdue).due({ now: clock.now(), except: [], limit: 1_000 })).not.toContainEqual(
      expect.objectContaining({ id }),
    );
    await of(Invoices).handle(id, observing(observed({ document, status: 'void' })), { metadata });
    expect(await read(id)).toMatchObject({ status: 'void', biller: 'stripe', number: document.number, overdue: false });
  });

  it('is listed for a time that ends after its beginning', async () => {
    const list = (from: string, to: string) => app.call('GET', `/admin/invoices?from=${from}&to=${to}`);
    expect((await list('2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z')).status).toBe(200);
    const refused = await list('2026-01-02T00:00:00Z', '2026-01-01T23:30:00%2B01:00');
    expect([refused.status, refused.body.errors[0].pointer]).toEqual([400, '?to']);
  });

  it('is corrected by an amount or by lines', async () => {
    const body = { amount: 100, lines: [{ line: 1 }], reason: 'Sorry' };
    const { status, body: refused } = await post(await issue(), 'credit-notes', body);
    expect([status, refused.errors[0].pointer]).toEqual([400, '/lines']);
  });

  it('has credit notes that are read where Location says', async () => {
    const note = await post(await issue(), 'credit-notes', { amount: 100, reason: 'Sorry' });
    const path = String(note.headers['location']).replace('/api/v1', '');
    expect(await app.call('GET', path)).toMatchObject({ status: 200, body: note.body });
    const none = await app.call('GET', `/admin/credit-notes/${newId('cn')}`);
    expect([none.status, none.body.code]).toEqual([404, 'CREDIT_NOTE_NOT_FOUND']);
  });

  it('is not sent once it is void', async () => {
    const id = await issue();
    await post(id, 'void', {});
    expect((await post(id, 'send')).body.code).toBe('INVOICE_VOID');
  });

  it.each([
    ['mark-paid', 200, { amount: 100, method: 'bank_transfer', reference: 'statement 7' }],
    ['credit-notes', 201, { amount: 100, reason: 'Sorry' }],
    ['refund', 200, { amount: 100 }],
  ])('is changed by one of several calls of %s with the same If-Match', async (action, done, body) => {
    const id = await issue();
    if (action === 'refund') await post(id, 'mark-paid', { method: 'bank_transfer', reference: 'statement 7' });
    const { headers } = await app.call('GET', `/admin/invoices/${id}`);
    const etag = String(headers['etag']);
    const replies = await Promise.all(Array.from({ length: 5 }, () => post(id, action, body, { 'if-match': etag })));
    expect(replies.map(({ status }) => status).sort()).toEqual([done, 412, 412, 412, 412]);
    const { amount_paid, amount_refunded, credit_notes } = await read(id);
    const found = { 'mark-paid': amount_paid, 'credit-notes': credit_notes[0]?.total, refund: amount_refunded };
    expect([found[action as 'refund'], credit_notes.length]).toEqual([100, action === 'mark-paid' ? 0 : 1]);
    expect((await post(id, action, body, { 'if-match': etag })).status).toBe(412);
  });

  it('refunds once at the provider, also when the provider breaks off', async () => {
    const id = await collected({ reason: 'subscription_create' });
    await of(Payments).start(id, 0, { off_session: false }, metadata);
    const before = provider.balance;
    provider.breaking = 'refund';
    const request = { refund_id: newId('ref'), amount: 4_000, reason: null };
    await expect(of(CreditNotes).refundInvoice(id, request, { metadata })).rejects.toMatchObject({
      code: 'PAYMENT_PROVIDER_UNAVAILABLE',
    });
    await of(CreditNotes).refundInvoice(id, request, { metadata });
    expect(await read(id)).toMatchObject({ amount_refunded: 4_000 });
    expect(provider.balance).toBe(before - 4_000);
  });
});

describe('an invoice that is not paid', () => {
  it('is overdue once', async () => {
    const id = await issue();
    clock.pass(15 * DAY_MS);
    await eventually(async () => (await read(id)).overdue === true);
    const { data } = (await app.call('GET', '/admin/invoices?overdue=true')).body as { data: { id: string }[] };
    expect(data.map((invoice) => invoice.id)).toContain(id);
  });
});

it('leaves books in which everything adds up', async () => {
  await checkBooks({ ...app, clock });
});

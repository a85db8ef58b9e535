import { request } from 'undici';
import { gatewayService } from '../../../gateway/src/gateway.module.ts';
import type { InvoiceDocument } from '#domain/billing/invoice/invoice.document';
import type { Finalized, InvoiceEvent } from '#domain/billing/invoice/invoice.events';
import { invoiceStream } from '#domain/billing/invoice/invoice';
import { newId } from '#domain/shared/id';
import type { EventStore } from '#events/store';
import { EVENT_STORE } from '#platform/service';
import { ADMIN_KEY, startApp, type TestApp } from '../../../../test/support/app.ts';
import { licensingStandIn } from '../../../../test/support/licensing-log.ts';
import { billingService } from '../billing.module.ts';
import { BUYER, CREDIT_NOTE, INVOICE } from './document-example.ts';

const finalized = ({ lines, subtotal, discounts, taxes, ...document }: InvoiceDocument): Finalized => ({
  number: document.number,
  product_id: null,
  customer_id: BUYER.customer_id,
  subscription_id: null,
  subscriber: null,
  reason: 'manual',
  provider: 'bank_transfer',
  currency: document.currency,
  total: document.total,
  lines,
  subtotal,
  discounts,
  taxes,
  biller: 'keyledger',
  series_year: 2026,
  seller: document.seller,
  buyer: document.buyer,
  books_year: 2036,
  period_start: document.period?.start ?? null,
  period_end: document.period?.end ?? null,
  issued_at: document.issued_at,
  due_at: document.due_at ?? document.issued_at,
  po_number: document.po_number,
  notes: document.notes,
  balance_applied: document.prepaid,
  amount_due: document.total - document.prepaid,
  next_attempt_at: null,
});

let app: TestApp;
let store: EventStore;
beforeAll(async () => {
  app = await startApp({ services: [gatewayService, licensingStandIn, billingService] });
  store = app.app.nest.select(billingService.module).get<EventStore>(EVENT_STORE, { strict: false });
});
afterAll(() => app.close());

const append = async (id: string, ...events: readonly InvoiceEvent[]): Promise<string> => {
  await store.handle(invoiceStream, id, () => events, {
    metadata: { actor: { type: 'system', id: 'test' }, correlation_id: id, causation_id: id },
  });
  return id;
};

const issued = (document: InvoiceDocument = INVOICE, more: Partial<Finalized> = {}): Promise<string> =>
  append(newId('inv'), { type: 'invoice.finalized', ...finalized(document), number: newId('inv'), ...more });

const get = async (path: string, headers: Record<string, string> = {}) => {
  const reply = await request(`${app.url}/api/v1/admin${path}`, {
    headers: { authorization: `Bearer ${ADMIN_KEY}`, ...headers },
  });
  return {
    status: reply.statusCode,
    headers: reply.headers,
    body: Buffer.from(await reply.body.arrayBuffer()),
  };
};

it('an invoice is answered as PDF, with a tag that spares the next answer', async () => {
  const invoice = await issued(INVOICE, { number: 'KL/"2026"-1' });
  const first = await get(`/invoices/${invoice}/pdf`);
  expect(first).toMatchObject({
    status: 200,
    headers: {
      'content-type': 'application/pdf',
      'content-length': String(first.body.length),
      'content-disposition': 'inline; filename="KL--2026--1.pdf"',
    },
  });
  expect(first.body.subarray(0, 5).toString()).toBe('%PDF-');
  const again = await get(`/invoices/${invoice}/pdf`, { 'if-none-match': String(first.headers['etag']) });
  expect(again).toMatchObject({ status: 304, body: Buffer.alloc(0) });
});

it.each([
  ['', 'CrossIndustryInvoice', 'cii'],
  ['?format=ubl', 'urn:oasis:names:specification:ubl:schema:xsd:Invoice-2', 'ubl'],
  ['?format=xrechnung', 'xrechnung_3.0', 'xrechnung'],
])('an invoice is answered as XML%s', async (query, expected, name) => {
  const { status, headers, body } = await get(`/invoices/${await issued()}/xml${query}`);
  expect({ status, type: headers['content-type'] }).toEqual({ status: 200, type: 'application/xml' });
  expect(headers['content-disposition']).toMatch(new RegExp(`^attachment; filename=".*\\.${name}\\.xml"$`));
  expect(body.toString()).toContain(expected);
  expect(body.toString()).toContain('Kunde &amp; Söhne KG');
});

it('an invoice is answered as a page that runs nothing', async () => {
  const { status, headers, body } = await get(`/invoices/${await issued()}/html`);
  expect(status).toBe(200);
  expect(headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8' });
  expect(headers['content-security-policy']).toContain('sandbox');
  expect(body.toString()).toContain('119,00\u00a0EUR');
});

it('documents keep the logo and the language that the seller had', async () => {
  const logo =
    'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
  const set = async (body: object): Promise<void> => {
    const reply = await app.call('PUT', '/admin/organization', { legal_name: 'Nordlicht', ...body });
    expect(reply.status).toBe(200);
  };
  const buyer = { ...BUYER, locale: 'ja' };
  await set({ logo, locale: 'fr' });
  const [first, second] = [await issued({ ...INVOICE, buyer }), await issued({ ...INVOICE, buyer })];
  const before = await get(`/invoices/${first}/html`);
  expect(before.body.toString()).toContain('<html lang="fr">');
  expect(before.body.toString()).toContain(logo);
  await set({});
  expect((await get(`/invoices/${second}/html`)).body.toString()).toContain(logo);
  const later = (await get(`/invoices/${await issued({ ...INVOICE, buyer })}/html`)).body.toString();
  expect(later).toContain('<html lang="en">');
  expect(later).not.toContain('<img');
});

it('a credit note is answered in each format, and names its invoice', async () => {
  const invoice = await issued();
  const credit_note_id = newId('cn');
  const { lines, subtotal, discounts, taxes, total } = CREDIT_NOTE;
  const note = { credit_note_id, reason: CREDIT_NOTE.reason, refund: false, lines, subtotal, discounts, taxes, total };
  const { customer_id, currency, provider } = finalized(INVOICE);
  await append(
    invoice,
    { type: 'credit_note.requested', ...note, requested_at: INVOICE.issued_at },
    {
      type: 'credit_note.issued',
      ...note,
      product_id: null,
      customer_id,
      subscription_id: null,
      subscriber: null,
      provider,
      currency,
      number: `C-${credit_note_id}`,
      series_year: 2026,
      invoice_number: 'KL-2026-000042',
      issued_at: INVOICE.issued_at,
      due_reduced: total,
      to_balance: 0,
      to_refund: 0,
      amount_due: 0,
    },
  );
  const path = `/credit-notes/${credit_note_id}`;
  expect((await get(`${path}/pdf`)).body.subarray(0, 5).toString()).toBe('%PDF-');
  expect((await get(`${path}/html`)).body.toString()).toContain('KL-2026-000042');
  const xml = (await get(`${path}/xml?format=xrechnung`)).body.toString();
  expect(xml).toContain('<cbc:CreditNoteTypeCode>381</cbc:CreditNoteTypeCode>');
  expect(xml).toContain('<cbc:ID>KL-2026-000042</cbc:ID>');
});

it('what cannot be answered is a problem that says why', async () => {
  const problem = async (path: string) => JSON.parse((await get(path)).body.toString()) as Record<string, unknown>;
  expect(await problem(`/invoices/${newId('inv')}/pdf`)).toMatchObject({ status: 404, code: 'INVOICE_NOT_FOUND' });
  expect(await problem(`/credit-notes/${newId('cn')}/pdf`)).toMatchObject({
    status: 404,
    code: 'CREDIT_NOTE_NOT_FOUND',
  });
  const invoice = await issued(INVOICE, { po_number: null });
  expect(await problem(`/invoices/${invoice}/xml?format=xrechnung`)).toMatchObject({
    status: 409,
    code: 'XRECHNUNG_INCOMPLETE',
    fields: ['po_number'],
  });
  expect(await problem(`/invoices/${invoice}/xml?format=json`)).toMatchObject({ status: 400 });
  const { lines, subtotal, discounts, taxes, total } = INVOICE;
  const draft = await append(newId('inv'), {
    type: 'invoice.created',
    created_at: INVOICE.issued_at,
    customer_id: BUYER.customer_id,
    subscription_id: null,
    subscriber: null,
    product_id: null,
    currency: 'eur',
    lines: [],
    discounts: [],
    period: null,
    due_days: 14,
    po_number: null,
    provider: 'bank_transfer',
    reason: 'manual',
    totals: { lines, subtotal, discounts, taxes, total },
  });
  expect(await problem(`/invoices/${draft}/pdf`)).toMatchObject({ status: 409, code: 'INVOICE_NOT_FINALIZED' });
});

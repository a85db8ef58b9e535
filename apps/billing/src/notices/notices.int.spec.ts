import { BILLING_EXAMPLE } from '#domain/billing/billing-example';
import { billingContracts } from '#domain/billing/contracts';
import { invoiceStream } from '#domain/billing/invoice/invoice';
import type { Finalized, InvoiceEvent } from '#domain/billing/invoice/invoice.events';
import { paid } from '#domain/billing/invoice/invoice.facts';
import { newId } from '#domain/shared/id';
import type { PublishedEvent } from '#events/event';
import { EventContext } from '#events/nest/event-transport';
import type { EventStore } from '#events/store';
import { inTransaction } from '#events/subscription/transaction';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, EVENT_STORE } from '#platform/service';
import { ADMIN_KEY, eventually, startApp, type TestApp } from '../../../../test/support/app.ts';
import { licensingStandIn } from '../../../../test/support/licensing-log.ts';
import { type ReceivedMail, startSmtp, type TestSmtp } from '../../../../test/support/smtp.ts';
import { gatewayService } from '../../../gateway/src/gateway.module.ts';
import { billingService } from '../billing.module.ts';
import { INVOICE } from '../documents/document-example.ts';
import { MailCustomers } from './mail-customers.ts';

describe('mails to customers', () => {
  let smtp: TestSmtp;
  let app: TestApp;
  let database: ServiceDatabase;
  let store: EventStore;
  let count = 0;

  beforeAll(async () => {
    smtp = await startSmtp();
    app = await startApp({
      services: [gatewayService, licensingStandIn, billingService],
      env: { KEYLEDGER_SMTP_URL: smtp.url, KEYLEDGER_BILLING_MAILS_WITHOUT: 'subscription-unpaused' },
    });
    store = app.app.nest.select(billingService.module).get<EventStore>(EVENT_STORE, { strict: false });
    database = app.app.nest.select(billingService.module).get<ServiceDatabase>(DATABASE, { strict: false });
  });
  afterAll(async () => {
    await app.close();
    await smtp.close();
  });

  const customer = async (fields: Record<string, unknown> = {}): Promise<{ id: string; email: string }> => {
    const email = `ada${++count}@example.com`;
    const made = await app.create('/admin/customers', { email, name: 'Ada <b>', ...fields });
    return { id: String(made['id']), email };
  };
  /** The invoice of the documents' example, for a customer. */
  const finalized = (customer_id: string): Finalized => {
    const {
      kind: _kind,
      corrects: _corrects,
      period,
      prepaid: _prepaid,
      payment_means: _means,
      reason: _reason,
      due_at,
      ...document
    } = INVOICE;
    const { issued_at, total } = document;
    return {
      ...document,
      product_id: null,
      customer_id,
      subscription_id: null,
      subscriber: null,
      reason: 'manual',
      provider: 'bank_transfer',
      biller: 'keyledger',
      series_year: 2026,
      books_year: 2036,
      period_start: period?.start ?? null,
      period_end: period?.end ?? null,
      due_at: due_at ?? issued_at,
      balance_applied: 0,
      amount_due: total,
      next_attempt_at: null,
    };
  };
  const mailsTo = (email: string): ReceivedMail[] => smtp.received.filter(({ to }) => to.includes(email));
  const mailTo = (email: string): Promise<ReceivedMail> => eventually(() => mailsTo(email)[0]);

  /** A published event with the data of its contract's example. */
  const event = (type: string, data: Record<string, unknown>): PublishedEvent => {
    const found = billingContracts.find((contract) => contract.type === type);
    const example = { ...found?.example, ...data };
    return { id: `event-${++count}`, type, subject: found?.subject ?? '', data: example } as unknown as PublishedEvent;
  };
  const handle = (...events: PublishedEvent[]): Promise<void> =>
    inTransaction(database.pool, async (tx) => {
      const reactor = app.app.nest.select(billingService.module).get(MailCustomers, { strict: false });
      await reactor.on(events, new EventContext([tx]));
    });

  it('are in their language, and name product and plan', async () => {
    const { id, email } = await customer({ locale: 'de-DE' });
    await handle(event('subscription.paused', { customer_id: id, resumes_at: '2027-01-29T09:30:00.000Z' }));
    const mail = await mailTo(email);
    expect(mail.text).toContain('Guten Tag Ada <b>,');
    expect(mail.text).toContain('Geht weiter am: 29. Januar 2027');
    expect(mail.html).toContain('Guten Tag Ada &lt;b&gt;,');
  });

  it('are sent once, although their events are handled again', async () => {
    const { id, email } = await customer();
    const events = [
      event('subscription.canceled', { customer_id: id }),
      event('subscription.trial_will_end', { customer_id: id }),
    ];
    await handle(...events);
    await handle(...events);
    await eventually(() => mailsTo(email).length === 2);
    await handle(...events, event('subscription.paused', { customer_id: id }));
    await eventually(() => mailsTo(email).length === 3);
    expect(new Set(mailsTo(email).map(({ headers }) => /^Subject: .*$/m.exec(headers)?.[0])).size).toBe(3);
  });

  it('are not written for what the merchant left out, nor to customers who are not known', async () => {
    const { id, email } = await customer();
    await handle(
      event('subscription.unpaused', { customer_id: id }),
      event('subscription.paused', { customer_id: BILLING_EXAMPLE.customer }),
      event('subscription.change_refused', { customer_id: id }),
    );
    expect((await mailTo(email)).headers).toContain('was not changed');
    expect(mailsTo(email)).toHaveLength(1);
  });

  it('bring an invoice and its payment, with the PDF', async () => {
    const { id: customer_id, email } = await customer({ locale: 'de' });
    const invoice_id = newId('inv');
    const append = async (...events: readonly InvoiceEvent[]): Promise<void> => {
      const metadata = { actor: { type: 'system', id: 'test' }, correlation_id: 'test', causation_id: 'test' } as const;
      await store.handle(invoiceStream, invoice_id, () => events, { metadata });
    };
    const document = finalized(customer_id);
    const organization = {
      legal_name: 'Acme GmbH',
      footer: 'Acme GmbH, Berlin',
      bank: { iban: 'DE89370400440532013000' },
    };
    expect(await app.call('PUT', '/admin/organization', organization)).toMatchObject({ status: 200 });
    await append({ type: 'invoice.finalized', ...document });
    const mail = await mailTo(email);
    expect(mail.headers).toContain(`Subject: Rechnung ${document.number}`);
    expect(mail.text).toContain('Offener Betrag: 119,00');
    expect(mail.text).toContain(`IBAN: DE89 3704 0044 0532 0130 00\nVerwendungszweck: ${document.number}`);
    expect(mail.text).toContain('-- \nAcme GmbH\nAcme GmbH, Berlin');
    expect(mail.attachments).toHaveLength(1);
    expect(mail.attachments[0]?.content.subarray(0, 5).toString()).toBe('%PDF-');
    const pdf = await fetch(new URL(`/api/v1/admin/invoices/${invoice_id}/pdf`, app.url), {
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    });
    expect(Buffer.from(await pdf.arrayBuffer()).equals(mail.attachments[0]?.content ?? Buffer.alloc(0))).toBe(true);
    await append(paid(document, document.issued_at, {}));
    await eventually(() => mailsTo(email).length === 2);
    expect(mailsTo(email)[1]?.headers).toContain(`Subject: Rechnung ${document.number} ist bezahlt`);
  });

  it('can be listed, read and tried', async () => {
    const list = await app.call('GET', '/admin/mail-templates/billing');
    expect(list.body).toMatchObject({
      data: expect.arrayContaining([
        { name: 'invoice-issued', description: expect.any(String), languages: ['en', 'de'] },
      ]),
    });
    const path = '/admin/mail-templates/billing/trial-ending';
    const { body } = await app.call('GET', `${path}/preview?locale=de-AT`);
    expect(body).toMatchObject({ subject: expect.stringContaining('Ihre Testphase'), html: expect.any(String) });
    expect((body as { text: string }).text).toContain('Guten Tag Ada Lovelace,');
    const sent = await app.call('POST', `${path}/test`, { to: 'merchant@example.com' });
    expect(sent).toMatchObject({ status: 202, body: { to: 'merchant@example.com', id: expect.any(String) } });
    expect((await mailTo('merchant@example.com')).text).toContain('your trial of Studio ends soon');
    expect(await app.call('GET', '/admin/mail-templates/billing/unknown/preview')).toMatchObject({ status: 400 });
    expect(await app.call('POST', `${path}/test`, { to: 'merchant' })).toMatchObject({ status: 400 });
  });
});

import { BILLING_EXAMPLE } from '#domain/billing/billing-example';
import { billingContracts } from '#domain/billing/contracts';
import type { Mail } from '#platform/mail/mail';
import { type BankAccount, NO_ACCOUNT } from './mails/bank.ts';
import { billingMails } from './mails/mails.ts';
import type { EventOfNotice, NoticeFacts } from './notice.facts.ts';
import { NOTICED, noticeOf } from './notices.ts';

const { customer, product, plan, invoice } = BILLING_EXAMPLE;
const account = { iban: 'DE89370400440532013000', bic: 'COBADEFFXXX', account_name: 'Acme GmbH' };
const facts: NoticeFacts = {
  contacts: new Map([[customer, { email: 'ada@example.com', name: 'Ada', locale: 'en' }]]),
  products: new Map([[product, 'Studio']]),
  plans: new Map([[plan, 'Pro']]),
  invoices: new Map([
    [invoice, { number: 'INV-7', currency: 'eur', amount_due: 1_190, due_at: '2026-02-14T09:00:00.000Z' }],
  ]),
};

/** The example of a published event, with other data. */
const event = (type: string, data: Record<string, unknown> = {}): EventOfNotice => {
  const found = billingContracts.find((contract) => contract.type === type);
  if (found === undefined) throw new Error(`billing publishes no ${type}`);
  return { type, subject: found.subject, data: { ...found.example, ...data } };
};
const mailOf = (of: EventOfNotice, known = facts, bank: BankAccount = account): Mail | undefined =>
  noticeOf(of, known, bank)?.mail({ id: 'mail-1', to: 'ada@example.com' });

describe('the notice of', () => {
  it('an invoice by bank transfer has the account, the day, and the PDF', () => {
    const mail = mailOf(event('invoice.finalized'));
    expect(mail?.subject).toBe('Invoice INV-2026-00042');
    for (const part of ['€11.90', 'February 14, 2026', account.iban, 'Acme GmbH', 'Reference: INV-2026-00042'])
      expect(mail?.text).toContain(part);
    expect(mail?.attachments).toEqual([{ kind: 'invoice-pdf', id: invoice }]);
  });

  it('an invoice without an account says nothing of a transfer', () => {
    expect(mailOf(event('invoice.finalized'), facts, NO_ACCOUNT)?.text).not.toMatch(/transfer|IBAN|BIC|Reference/);
  });

  it.each([{ provider: 'stripe' }, { provider: 'none' }, { amount_due: 0 }])(
    'an invoice that needs no transfer waits for its payment: %j',
    (data) => {
      expect(mailOf(event('invoice.finalized', data))).toBeUndefined();
    },
  );

  it('an invoice that is sent says what is still due', () => {
    const left = new Map([[invoice, { number: 'INV-7', currency: 'eur', amount_due: 190, due_at: null }]]);
    const mail = mailOf(event('invoice.sent'), { ...facts, invoices: left });
    expect(mail?.text).toContain('Total: €11.90\nAmount due: €1.90\n');
    const paid = new Map([[invoice, { number: 'INV-7', currency: 'eur', amount_due: 0, due_at: null }]]);
    expect(mailOf(event('invoice.sent'), { ...facts, invoices: paid })?.text).not.toMatch(/due|IBAN/);
  });

  it('a payment that the customer must confirm is sent once for its invoice', () => {
    const asked = event('invoice.payment_failed', { error: 'requires_action' });
    expect(mailOf(asked)?.text).toContain('Your bank asks you to confirm it.');
    expect(noticeOf(asked, facts, account)?.once).toBe(`action-${invoice}`);
    const declined = event('invoice.payment_failed', { error: 'card_declined' });
    expect(mailOf(declined)?.text).not.toContain('Your bank');
    expect(noticeOf(declined, facts, account)?.once).toBeUndefined();
  });

  it('a payment names the invoice and its total; a free one needs none', () => {
    const mail = mailOf(event('invoice.paid'));
    expect([mail?.subject, mail?.attachments]).toEqual([
      'Invoice INV-2026-00042 is paid',
      [{ kind: 'invoice-pdf', id: invoice }],
    ]);
    expect(mail?.text).toContain('Total: €11.90');
    expect(mailOf(event('invoice.paid', { total: 0 }))).toBeUndefined();
  });

  it('a failed payment says when it is tried again', () => {
    expect(mailOf(event('invoice.payment_failed'))?.text).toContain('Next attempt on: February 14, 2026');
    expect(mailOf(event('invoice.payment_failed', { next_attempt_at: null }))?.text).not.toContain('Next attempt');
  });

  it('a credit note says where the money goes', () => {
    const mail = mailOf(event('credit_note.issued', { to_refund: 1_000, to_balance: 190 }));
    expect(mail?.text).toContain('Will be refunded: €10.00\nCredit for your next invoices: €1.90');
    expect(mail?.text).toContain('For invoice: INV-2026-00042');
    expect(mail?.attachments).toEqual([{ kind: 'credit-note-pdf', id: BILLING_EXAMPLE.credit_note }]);
    expect(mailOf(event('credit_note.issued', { to_balance: 0 }))?.text).not.toMatch(/refund|Credit for/);
  });

  it.each([
    [0, 'is not paid yet.'],
    [1, 'past due for 1 day.'],
    [7, 'past due for 7 days.'],
  ])('a reminder on day %d says so', (day, text) => {
    const mail = mailOf(event('subscription.reminded', { day }));
    expect(mail?.text).toContain(text);
    expect(mail?.text).toContain('Studio (Pro)');
    expect(mail?.subject).toBe('Reminder: invoice INV-7 is not paid yet');
  });

  it('a cancellation that is taken back needs none', () => {
    expect(mailOf(event('subscription.cancellation_scheduled'))?.text).toContain('Ends on: February 28, 2026');
    expect(mailOf(event('subscription.cancellation_scheduled', { cancel_at_period_end: false }))).toBeUndefined();
  });

  it('a cancellation tells an unpaid subscription from another', () => {
    expect(mailOf(event('subscription.canceled', { reason: 'unpaid' }))?.text).toContain('because it was not paid');
    expect(mailOf(event('subscription.canceled'))?.text).not.toContain('because');
  });

  it.each(NOTICED.filter((type) => billingContracts.some((contract) => contract.type === type)))(
    '%s goes to no one whose address is not known or was forgotten',
    (type) => {
      expect(mailOf(event(type))).toBeDefined();
      expect(mailOf(event(type), { ...facts, contacts: new Map() })).toBeUndefined();
    },
  );

  it('each event is one of the mails that are listed', () => {
    const listed = billingMails.map(({ name }) => name);
    const written = NOTICED.flatMap((type) => {
      const known = billingContracts.some((contract) => contract.type === type);
      return known ? [noticeOf(event(type), facts, account)?.name] : [];
    });
    expect(written.filter((name) => name === undefined || !listed.includes(name))).toEqual([]);
  });
});

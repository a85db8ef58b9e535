import { onDay } from '#platform/mail/language';
import type { AttachmentReference, Mail } from '#platform/mail/mail';
import { type Addressed, mailOf } from '#platform/mail/outbox';
import type { MailTemplate, MailValues } from '#platform/mail/template';
import { inCurrency } from './amount.ts';
import { accessSuspended } from './mails/access-suspended.mail.ts';
import { type BankAccount, NO_ACCOUNT } from './mails/bank.ts';
import { changeRefused } from './mails/change-refused.mail.ts';
import { creditNoteIssued } from './mails/credit-note-issued.mail.ts';
import type { OnSubscription } from './mails/customer.ts';
import { invoiceIssued } from './mails/invoice-issued.mail.ts';
import { paymentFailed } from './mails/payment-failed.mail.ts';
import { paymentReceived } from './mails/payment-received.mail.ts';
import { paymentReminder } from './mails/payment-reminder.mail.ts';
import { refundIssued } from './mails/refund-issued.mail.ts';
import { renewalUpcoming } from './mails/renewal-upcoming.mail.ts';
import { cancellationConfirmed, subscriptionCanceled } from './mails/subscription-canceled.mail.ts';
import { subscriptionPaused, subscriptionUnpaused } from './mails/subscription-paused.mail.ts';
import { trialEnding } from './mails/trial-ending.mail.ts';
import { type EventOfNotice, type InvoiceFacts, invoiceOf, type NoticeFacts } from './notice.facts.ts';

/** A mail about an event that has no address yet. */
export interface Notice {
  /** The name of its template. */
  readonly name: string;
  /** It is sent once for all events with this key; undefined = once for each event. */
  readonly once?: string;
  mail(addressed: Addressed): Mail;
}

/** What a notice says of its event. */
interface About {
  readonly data: Readonly<Record<string, unknown>>;
  readonly name: string | null;
  /** Names of a subscription's customer, product and plan. */
  readonly subscription: OnSubscription;
  /** The invoice of the event; '' = it has none. */
  readonly invoice_id: string;
  readonly invoice: InvoiceFacts | undefined;
  readonly account: BankAccount;
}

const notice = <Values extends MailValues<Values>>(
  template: MailTemplate<Values>,
  values: Values,
  ...attachments: readonly AttachmentReference[]
): Notice => ({
  name: template.name,
  mail: (addressed) => mailOf(template, values, { ...addressed, attachments }),
});

/** The kinds of the files that are attached, and their providers. */
export const INVOICE_PDF = 'invoice-pdf';
export const CREDIT_NOTE_PDF = 'credit-note-pdf';

const text = ({ data }: About, field: string): string => String(data[field]);
const day = (time: unknown) => (typeof time === 'string' ? onDay(time) : null);
const amountOf = ({ data }: About, field: string): number => Number(data[field]);
const money = (about: About, field: string) => inCurrency(amountOf(about, field), text(about, 'currency'));
const moneyOrNull = (about: About, field: string) => (amountOf(about, field) > 0 ? money(about, field) : null);

/** The account, if the customer pays by bank transfer. */
const accountFor = ({ data, account }: About): BankAccount =>
  data['provider'] === 'bank_transfer' ? account : NO_ACCOUNT;

/** The invoice that an event is about. */
const invoicePdf = ({ invoice_id }: About): AttachmentReference => ({ kind: INVOICE_PDF, id: invoice_id });

const invoiceNotice = (about: About): Notice => {
  const { name, invoice } = about;
  const due = invoice !== undefined && invoice.amount_due > 0 ? invoice : undefined;
  const values = {
    name,
    number: text(about, 'number'),
    total: money(about, 'total'),
    amount_due: due === undefined ? null : inCurrency(due.amount_due, due.currency),
    due_at: day(due?.due_at),
    ...(due === undefined ? NO_ACCOUNT : accountFor(about)),
  };
  return notice(invoiceIssued, values, invoicePdf(about));
};

/** What reminders say of an unpaid invoice. */
const unpaid = (about: About) => {
  const { invoice } = about;
  return {
    number: invoice?.number ?? null,
    amount_due: invoice === undefined ? null : inCurrency(invoice.amount_due, invoice.currency),
    ...accountFor(about),
  };
};

/** The mail of each event; undefined = this one needs none. */
const NOTICES: Readonly<Record<string, (about: About) => Notice | undefined>> = {
  'invoice.finalized': (about) =>
    about.data['provider'] === 'bank_transfer' && amountOf(about, 'amount_due') > 0 ? invoiceNotice(about) : undefined,
  'invoice.sent': invoiceNotice,
  'invoice.paid': (about) => {
    if (amountOf(about, 'total') <= 0) return undefined;
    const { name } = about;
    const values = { name, number: text(about, 'number'), total: money(about, 'total') };
    return notice(paymentReceived, values, invoicePdf(about));
  },
  'invoice.payment_failed': (about) => ({
    ...notice(paymentFailed, {
      name: about.name,
      number: text(about, 'number'),
      amount:
        about.invoice === undefined
          ? money(about, 'total')
          : inCurrency(about.invoice.amount_due, about.invoice.currency),
      next_attempt_at: day(about.data['next_attempt_at']),
      action: about.data['error'] === 'requires_action',
    }),
    // Each attempt asks for the action again.
    ...(about.data['error'] === 'requires_action' ? { once: `action-${about.invoice_id}` } : {}),
  }),
  'credit_note.issued': (about) =>
    notice(
      creditNoteIssued,
      {
        name: about.name,
        number: text(about, 'number'),
        invoice: text(about, 'invoice_number'),
        total: money(about, 'total'),
        to_refund: moneyOrNull(about, 'to_refund'),
        to_balance: moneyOrNull(about, 'to_balance'),
      },
      { kind: CREDIT_NOTE_PDF, id: text(about, 'credit_note_id') },
    ),
  'invoice.refunded': (about) =>
    notice(refundIssued, { name: about.name, number: text(about, 'number'), amount: money(about, 'amount') }),
  'subscription.reminded': (about) =>
    notice(
      paymentReminder,
      {
        ...about.subscription,
        ...unpaid(about),
        due_at: day(about.invoice?.due_at),
        day: amountOf(about, 'day'),
      },
      invoicePdf(about),
    ),
  'subscription.grace_ended': (about) =>
    notice(accessSuspended, { ...about.subscription, ...unpaid(about) }, invoicePdf(about)),
  'subscription.trial_will_end': (about) =>
    notice(trialEnding, { ...about.subscription, trial_end: onDay(text(about, 'trial_end')) }),
  'subscription.renewal_upcoming': (about) =>
    notice(renewalUpcoming, {
      ...about.subscription,
      renews_at: onDay(text(about, 'renews_at')),
      amount: money(about, 'amount'),
    }),
  'subscription.cancellation_scheduled': (about) =>
    about.data['cancel_at_period_end'] === true
      ? notice(cancellationConfirmed, { ...about.subscription, ends_at: day(about.data['ends_at']) })
      : undefined,
  'subscription.canceled': (about) =>
    notice(subscriptionCanceled, { ...about.subscription, unpaid: about.data['reason'] === 'unpaid' }),
  'subscription.paused': (about) =>
    notice(subscriptionPaused, { ...about.subscription, resumes_at: day(about.data['resumes_at']) }),
  'subscription.unpaused': (about) =>
    notice(subscriptionUnpaused, { ...about.subscription, period_end: onDay(text(about, 'period_end')) }),
  'subscription.change_refused': (about) =>
    notice(changeRefused, { ...about.subscription, in_use: about.data['reason'] === 'IN_USE' }),
};

/** The events that are mailed. */
export const NOTICED = Object.keys(NOTICES);

/** The mail about an event; undefined if it needs none, or its customer has no address. */
export const noticeOf = (event: EventOfNotice, facts: NoticeFacts, account: BankAccount): Notice | undefined => {
  const { type, data } = event;
  const contact = facts.contacts.get(String(data['customer_id']));
  if (contact === undefined) return undefined;
  const { name } = contact;
  const invoice_id = invoiceOf(event) ?? '';
  const nameOf = (names: ReadonlyMap<string, string>, field: string): string => names.get(String(data[field])) ?? '';
  return NOTICES[type]?.({
    data,
    name,
    subscription: { name, product: nameOf(facts.products, 'product_id'), plan: nameOf(facts.plans, 'plan_id') },
    invoice_id,
    invoice: facts.invoices.get(invoice_id),
    account,
  });
};

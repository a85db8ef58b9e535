import type { AnyMailTemplate } from '#platform/mail/template';
import { accessSuspended } from './access-suspended.mail.ts';
import { changeRefused } from './change-refused.mail.ts';
import { creditNoteIssued } from './credit-note-issued.mail.ts';
import { invoiceIssued } from './invoice-issued.mail.ts';
import { paymentFailed } from './payment-failed.mail.ts';
import { paymentReceived } from './payment-received.mail.ts';
import { paymentReminder } from './payment-reminder.mail.ts';
import { refundIssued } from './refund-issued.mail.ts';
import { renewalUpcoming } from './renewal-upcoming.mail.ts';
import { cancellationConfirmed, subscriptionCanceled } from './subscription-canceled.mail.ts';
import { subscriptionPaused, subscriptionUnpaused } from './subscription-paused.mail.ts';
import { trialEnding } from './trial-ending.mail.ts';

/** The mails that billing sends. */
export const billingMails: readonly AnyMailTemplate[] = [
  invoiceIssued,
  paymentReceived,
  paymentFailed,
  paymentReminder,
  accessSuspended,
  creditNoteIssued,
  refundIssued,
  trialEnding,
  renewalUpcoming,
  cancellationConfirmed,
  subscriptionCanceled,
  subscriptionPaused,
  subscriptionUnpaused,
  changeRefused,
];

import { type MailAttachments, MAIL_ATTACHMENTS } from '#platform/mail/attachments';
import type { Feature } from '#platform/feature';
import { MAIL_SENDER, type SenderOfMails } from '#platform/mail/sender';
import { IssuedDocuments } from '../documents/issued-documents.ts';
import { MailCustomers } from './mail-customers.ts';
import { Merchant } from './merchant.ts';
import { NoticeSettings } from './notice.settings.ts';
import { CREDIT_NOTE_PDF, INVOICE_PDF } from './notices.ts';

/** Mails to customers about what happened in billing. */
export const noticesFeature: Feature = {
  settings: [NoticeSettings],
  subscriptions: [MailCustomers],
  providers: [
    Merchant,
    {
      provide: MAIL_SENDER,
      inject: [Merchant],
      useFactory:
        (merchant: Merchant): SenderOfMails =>
        async () =>
          (await merchant.present()).sender,
    },
    {
      provide: MAIL_ATTACHMENTS,
      inject: [IssuedDocuments],
      useFactory: (documents: IssuedDocuments): MailAttachments => ({
        [INVOICE_PDF]: (id) => documents.invoice(id, 'pdf'),
        [CREDIT_NOTE_PDF]: (id) => documents.creditNote(id, 'pdf'),
      }),
    },
  ],
};

import type { Feature } from '../feature.ts';
import { ForgetSentMails } from './forget-sent-mails.ts';
import { MailSettings } from './mail.settings.ts';
import { MailOutbox } from './outbox.ts';
import {
  Mails1790000001000,
  mailsTable,
  SEALED_MAILS,
  SentMails1790400000000,
  sentMailsTable,
} from './outbox.table.ts';
import { templateController } from './template.controller.ts';
import type { AnyMailTemplate } from './template.ts';

export interface MailFeatureOptions {
  /** The name of the service. */
  readonly service: string;
  /** All mails that the service sends, for their list and preview. */
  readonly templates: readonly AnyMailTemplate[];
}

/**
 * For a service that sends mails: the outbox, and the list, preview and test of its templates. Features of the service may
 * provide `MAIL_ATTACHMENTS` and `MAIL_SENDER`.
 */
export const mailFeature = ({ service, templates }: MailFeatureOptions): Feature => ({
  settings: [MailSettings],
  migrations: [Mails1790000001000, SentMails1790400000000],
  tables: [mailsTable, sentMailsTable],
  sealed: [SEALED_MAILS],
  controllers: [templateController(service, templates)],
  providers: [MailOutbox],
  work: [ForgetSentMails],
});

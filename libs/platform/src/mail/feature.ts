import type { Feature } from '../feature.ts';
import { MailSettings } from './mail.settings.ts';
import { MailOutbox } from './outbox.ts';
import { Mails1790000001000, mailsTable, SEALED_MAILS } from './outbox.table.ts';

/** For a service that sends mails. */
export const mailFeature: Feature = {
  settings: [MailSettings],
  migrations: [Mails1790000001000],
  tables: [mailsTable],
  sealed: [SEALED_MAILS],
  providers: [MailOutbox],
};

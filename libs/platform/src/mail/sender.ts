import type { MailSender } from './render-mail.ts';

/** Token of the sender that a service shows in its mails: the merchant. Optional; without it mails show none. */
export const MAIL_SENDER = Symbol('keyledger:mail-sender');

export type SenderOfMails = () => Promise<MailSender>;

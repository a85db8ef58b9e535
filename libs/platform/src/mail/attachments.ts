import type { Attachment } from './mail.ts';

/**
 * Token of the files that a service attaches to its mails: kind → provider. Optional. A file is made when its mail is sent, and
 * again at each retry: the outbox stores only its kind and id.
 */
export const MAIL_ATTACHMENTS = Symbol('keyledger:mail-attachments');

/** @throws when the file cannot be made now: the mail is sent later */
export type AttachmentProvider = (id: string) => Promise<Attachment>;

export type MailAttachments = Readonly<Record<string, AttachmentProvider>>;

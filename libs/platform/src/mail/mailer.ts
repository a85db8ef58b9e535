import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { domainToASCII } from 'node:url';
import { createTransport } from 'nodemailer';
import type { MailSettings } from './mail.settings.ts';
import { type Attachment, type Mail, oneLine } from './mail.ts';

/** A mail with its files. */
export type CompleteMail = Omit<Mail, 'attachments'> & { readonly attachments?: readonly Attachment[] };

/** Sends mails. */
export interface Mailer {
  /**
   * Sends a mail.
   * @returns where the mail went, for the log, without its content
   * @throws MailRefusedError when a retry would be refused too; another error when a retry may succeed
   */
  send(mail: CompleteMail): Promise<string>;
  close(): void;
}

/** The mail server refused this mail permanently (SMTP 5xx). */
export class MailRefusedError extends Error {
  override readonly name = 'MailRefusedError';
}

/**
 * Sends by SMTP if a server is configured. Otherwise each mail is written to a file in the data folder, so that a machine
 * without a mail server shows the mails that it would send.
 */
export const createMailer = ({ smtp_url, mail_from }: MailSettings, data_dir: string): Mailer =>
  smtp_url === undefined ? fileMailer(mail_from, join(data_dir, 'mail')) : smtpMailer(mail_from, smtp_url);

/** Time-out for each step of a mail server, in milliseconds. */
const PATIENCE_MS = 15_000;
/** Number of mails that are sent at the same time, each on a connection of its own. */
export const MAILS_AT_ONCE = 8;

const smtpMailer = (from: string, url: string): Mailer => {
  const transport = createTransport({
    url,
    pool: true,
    maxConnections: MAILS_AT_ONCE,
    connectionTimeout: PATIENCE_MS,
    greetingTimeout: PATIENCE_MS,
    socketTimeout: PATIENCE_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    send: async (mail) => {
      try {
        await transport.sendMail(messageOf(mail, from));
      } catch (error) {
        throw isFinal(error) ? new MailRefusedError(reasonOf(error), { cause: error }) : error;
      }
      return new URL(url).host;
    },
    close: () => transport.close(),
  };
};

const fileMailer = (from: string, folder: string): Mailer => {
  const composer = createTransport({ streamTransport: true, buffer: true });
  return {
    send: async (mail) => {
      const { message } = (await composer.sendMail(messageOf(mail, from))) as { message: Buffer };
      await mkdir(folder, { recursive: true, mode: 0o700 });
      // The rename is atomic, and the name derives from the mail: sending it again writes the same file.
      const file = join(folder, `${fileName(mail.id)}.eml`);
      await writeFile(`${file}.part`, message, { mode: 0o600 });
      await rename(`${file}.part`, file);
      return file;
    },
    close: () => composer.close(),
  };
};

/** Passes addresses as objects, so that nodemailer does not parse them as lists or names. */
const messageOf = ({ id, to, subject, text, html, attachments = [] }: CompleteMail, from: string) => ({
  from: { name: 'Keyledger', address: from },
  to: { name: '', address: to },
  subject: oneLine(subject),
  text,
  html,
  attachments: attachments.map(({ filename, content, contentType }) => ({
    filename: oneLine(filename),
    content,
    contentType,
  })),
  messageId: `<${fileName(id)}@${domainToASCII(from.slice(from.lastIndexOf('@') + 1))}>`,
  headers: { 'auto-submitted': 'auto-generated' },
});

const fileName = (id: string): string => id.replace(/[^A-Za-z0-9_-]/g, '_');

/** 5xx at any step except login: after the operator corrects wrong credentials, the mail can be sent. */
const isFinal = (error: unknown): boolean => {
  const { responseCode, code } = error as { responseCode?: number; code?: string };
  return responseCode !== undefined && responseCode >= 500 && (code === 'EENVELOPE' || code === 'EMESSAGE');
};

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A mail to one person. Text and HTML have the same content (`renderMail`). */
export interface Mail {
  /** Unique forever, and the left side of its Message-ID: a recipient can recognize a mail that arrives twice. */
  readonly id: string;
  readonly to: string;
  /** When its event was recorded, RFC 3339. A mail about an event older than `MAILED_DAYS` is not sent. */
  readonly caused_at?: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** Files that are made when the mail is sent. */
  readonly attachments?: readonly AttachmentReference[];
}

/** Names a file that a provider of the service makes: `MAIL_ATTACHMENTS`. */
export interface AttachmentReference {
  /** The name of the provider, e.g. `invoice-pdf`. */
  readonly kind: string;
  /** The thing that the file shows, e.g. an invoice. */
  readonly id: string;
}

/** A file as it is sent. */
export interface Attachment {
  readonly filename: string;
  readonly content: Buffer;
  /** Its media type, e.g. `application/pdf`. */
  readonly contentType: string;
}

/** One line without control characters: names of products, which users choose, may end up in a header. */
export const oneLine = (text: string, max = 200): string =>
  [...text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()].slice(0, max).join('');

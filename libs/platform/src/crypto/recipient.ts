import { NotAuthenticError, open, seal } from '#events/sealing';
import type { MasterKey } from './keys.ts';

/** To whom the mails of a sale go. */
export interface Recipient {
  readonly email: string;
  readonly name: string | null;
  /** BCP 47, `de`. */
  readonly locale: string | null;
}

/**
 * Seals a recipient for the other services of this installation, so that a published event can name a person to them and to no
 * other consumer. The key derives from the hashing key, which is the same in all services and never changes.
 *
 * A published field cannot be sealed under the person's own key, because only the publishing service has that key. So the
 * text stays in the log of that service, and in the topic, when the person is forgotten: it opens for as long as the
 * installation keeps its first master key (docs/decisions/sealed-recipients.md). Put it into as few events as possible.
 * @param subject the id of the stream: the text opens only with it
 * @returns base64url
 */
export const sealRecipient = (masterKey: MasterKey, { email, name, locale }: Recipient, subject: string): string =>
  seal(keyOf(masterKey), JSON.stringify({ email, name, locale }), subject).toString('base64url');

/** @throws NotAuthenticError for a text of another installation or of another subject, or a damaged one */
export const openRecipient = (masterKey: MasterKey, text: string, subject: string): Recipient => {
  const sealed = Buffer.from(text, 'base64url');
  if (sealed.length < SHORTEST) throw new NotAuthenticError('too short for a sealed recipient');
  return JSON.parse(open(keyOf(masterKey), sealed, subject).toString()) as Recipient;
};

/** Nonce and tag. */
const SHORTEST = 28;

const keyOf = (masterKey: MasterKey): Uint8Array =>
  Buffer.from(masterKey.hash('recipient-key', 'recipients of sales'), 'base64url');

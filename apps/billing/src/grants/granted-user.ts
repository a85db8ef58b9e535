import { refuseSubscription } from '#domain/billing/subscription/subscription.errors';
import { readEmail } from '#platform/mail/address';

/** Control characters (Unicode Cc) and halves of characters. */
const UNREADABLE = /[\p{Cc}\p{Cs}]/u;
const LONGEST = 255;

/** Who gets a grant. */
export interface GrantedUser {
  /** The merchant's own id, exactly as it was given. */
  readonly subscriber: string;
  /** Undefined if no address is known. */
  readonly email: string | undefined;
}

/**
 * The user of a grant. An id that is an e-mail address is also the address of the customer, unless another one is given.
 * @throws Refusal INVALID_USER unless it is 1–255 characters without control characters and without white space around them
 */
export const grantedUser = (user: string, email: string | undefined): GrantedUser => {
  if (user === '' || user.trim() !== user || [...user].length > LONGEST || UNREADABLE.test(user))
    return refuseSubscription('INVALID_USER');
  return { subscriber: user, email: email ?? readEmail(user) };
};

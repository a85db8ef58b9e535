import { Problem } from '#platform/http/problem';
import { type AddressRule, literalAddress } from '../sending/addresses.ts';
import { isKnown } from './event-types.ts';

/** A 400 that points at what is wrong. */
export const invalid = (pointer: string, detail: string): Problem =>
  new Problem(400, 'VALIDATION_FAILED', 'The request is not valid.', { errors: [{ pointer, detail }] });

/**
 * What the shape of a request cannot say. Names are judged when they are connected to, since DNS may answer otherwise by then.
 * @throws Problem 400
 */
export const checkUrl = (text: string, refused: AddressRule, pointer = '/url'): void => {
  const url = new URL(text);
  if (url.username !== '' || url.password !== '')
    throw invalid(pointer, 'must not hold credentials: signatures say who sends');
  const literal = literalAddress(url);
  if (literal !== undefined && refused(literal)) {
    throw new Problem(
      400,
      'ADDRESS_REFUSED',
      `Webhooks do not reach ${literal}: it is not an address of the public internet.`,
      {
        errors: [{ pointer, detail: 'is not an address of the public internet' }],
      },
    );
  }
};

/** @throws Problem 400 */
export const checkEvents = (events: readonly string[]): void => {
  const unknown = events.findIndex((pattern) => !isKnown(pattern));
  if (unknown !== -1) throw invalid(`/events/${unknown}`, `takes in no event of the catalogue: ${events[unknown]}`);
};

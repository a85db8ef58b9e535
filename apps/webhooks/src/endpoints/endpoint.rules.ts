import type { EventTypes } from '#platform/events/event-types';
import { Problem } from '#platform/http/problem';
import { type AddressRule, literalAddress } from '../sending/addresses.ts';
import { isKnown } from './event-types.ts';

/** A 400 with a pointer to the wrong field. */
export const invalid = (pointer: string, detail: string): Problem =>
  new Problem(400, 'VALIDATION_FAILED', 'The request is not valid.', { errors: [{ pointer, detail }] });

/**
 * Checks what the schema of a request cannot express. Host names are checked later, when a connection opens, as DNS answers change.
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
export const checkEvents = (events: readonly string[], types: EventTypes): void => {
  const unknown = events.findIndex((pattern) => !isKnown(pattern, types));
  if (unknown !== -1) throw invalid(`/events/${unknown}`, `matches no event type of the catalogue: ${events[unknown]}`);
};

import type { EventTypes } from '#platform/events/event-types';

/**
 * Whether one of the patterns (`license.created`, `license.*`, `*`) matches the type. `*` leaves out events of webhooks
 * themselves: an endpoint that wants all events does not want one more for each delivery that failed. `webhook.*` asks for them.
 */
export const matches = (patterns: readonly string[], type: string): boolean =>
  patterns.some(
    (pattern) =>
      (pattern === '*' && !type.startsWith('webhook.')) ||
      pattern === type ||
      (pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1))),
  );

/** Whether a pattern matches any event type that is published or announced. A pattern that matches none is a typing error. */
export const isKnown = (pattern: string, { published, announced }: EventTypes): boolean =>
  [...published, ...announced].some((type) => matches([pattern], type) || matches([type], pattern));

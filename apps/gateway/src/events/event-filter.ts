import type { PublishedEvent } from '#events/event';
import type { LogFilter } from '#events/source/published-log';
import type { EventTypes } from '#platform/events/event-types';
import { Problem } from '#platform/http/problem';

/** The events that a caller wants and may see. */
export interface EventFilter {
  /** Types by name, wildcards resolved; undefined = all. */
  readonly types: ReadonlySet<string> | undefined;
  readonly subject: string | undefined;
  /** The product that the caller's key is bound to; null = all. */
  readonly product_id: string | null;
}

/** `*`, `license.*` or `license.created`. */
const matches = (pattern: string, type: string): boolean =>
  pattern === '*' || pattern === type || (pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1)));

/**
 * Reads `types=license.*,plan.changed`.
 * @throws Problem 400 for a pattern that matches no event type that is published or announced: it is a typing error
 */
export const parseTypes = (text: string, { published, announced }: EventTypes): ReadonlySet<string> => {
  const patterns = text.split(',').map((pattern) => pattern.trim());
  const unknown = patterns.find(
    (pattern) =>
      !published.some((type) => matches(pattern, type)) &&
      !announced.some((type) => matches(pattern, type) || matches(type, pattern)),
  );
  if (unknown !== undefined) {
    const detail = `${JSON.stringify(unknown)} matches no event type of the catalogue`;
    throw new Problem(400, 'VALIDATION_FAILED', `?types ${detail}.`, { errors: [{ pointer: '?types', detail }] });
  }
  return new Set(published.filter((type) => patterns.some((pattern) => matches(pattern, type))));
};

/** The part of the filter that a log applies by itself. Only the published data names the product. */
export const logFilter = ({ types, subject }: EventFilter): LogFilter => ({
  ...(types === undefined ? {} : { types: [...types] }),
  ...(subject === undefined ? {} : { subject }),
});

export const passes = ({ types, subject, product_id }: EventFilter, event: PublishedEvent): boolean =>
  (types === undefined || types.has(event.type)) &&
  (subject === undefined || subject === event.subject) &&
  (product_id === null || product_id === event.data['product_id']);

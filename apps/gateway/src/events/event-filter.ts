import { ANNOUNCED_TYPES, catalogue } from '#domain/catalogue';
import type { PublishedEvent } from '#events/event';
import type { LogFilter } from '#events/source/published-log';
import { Problem } from '#platform/http/problem';

/** Which events a caller wants and may see. */
export interface EventFilter {
  /** Types by name, wildcards resolved; undefined = all. */
  readonly types: ReadonlySet<string> | undefined;
  readonly subject: string | undefined;
  /** The product that the caller's key is bound to; null = all. */
  readonly product_id: string | null;
}

const PUBLISHED: readonly string[] = catalogue.map(({ type }) => type);

/** `*`, `license.*` or `license.created`. */
const takesIn = (pattern: string, type: string): boolean =>
  pattern === '*' || pattern === type || (pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1)));

/**
 * Reads `types=license.*,plan.changed`.
 * @throws Problem 400 for a pattern that takes in no event there is or will be: a typing error must not pass as silence
 */
export const parseTypes = (text: string): ReadonlySet<string> => {
  const patterns = text.split(',').map((pattern) => pattern.trim());
  const unknown = patterns.find(
    (pattern) =>
      !PUBLISHED.some((type) => takesIn(pattern, type)) &&
      !ANNOUNCED_TYPES.some((type) => takesIn(pattern, type) || takesIn(type, pattern)),
  );
  if (unknown !== undefined) {
    const detail = `${JSON.stringify(unknown)} takes in no event type of the catalogue`;
    throw new Problem(400, 'VALIDATION_FAILED', `?types ${detail}.`, { errors: [{ pointer: '?types', detail }] });
  }
  return new Set(PUBLISHED.filter((type) => patterns.some((pattern) => takesIn(pattern, type))));
};

/** As much of the filter as a log can do by itself. The product stands in the published data alone. */
export const logFilter = ({ types, subject }: EventFilter): LogFilter => ({
  ...(types === undefined ? {} : { types: [...types] }),
  ...(subject === undefined ? {} : { subject }),
});

export const passes = ({ types, subject, product_id }: EventFilter, event: PublishedEvent): boolean =>
  (types === undefined || types.has(event.type)) &&
  (subject === undefined || subject === event.subject) &&
  (product_id === null || product_id === event.data['product_id']);

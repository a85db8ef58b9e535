import { ANNOUNCED_TYPES, catalogue } from '#domain/catalogue';

const TYPES: readonly string[] = [...catalogue.map(({ type }) => type), ...ANNOUNCED_TYPES];

/**
 * Whether one of the patterns (`license.created`, `license.*`, `*`) takes in the type. What happens to webhooks themselves goes to
 * those alone that name it (`webhook.*`): whoever wants all that happens does not mean the noise of its being told.
 */
export const matches = (patterns: readonly string[], type: string): boolean =>
  patterns.some(
    (pattern) =>
      (pattern === '*' && !type.startsWith('webhook.')) ||
      pattern === type ||
      (pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1))),
  );

/** Whether a pattern takes in any event that there is or will be: one that never could is a typing error, and must not pass silently. */
export const isKnown = (pattern: string): boolean =>
  TYPES.some((type) => matches([pattern], type) || matches([type], pattern));

import { ANNOUNCED_TYPES, catalogue } from '#domain/catalogue';

const TYPES: readonly string[] = [...catalogue.map(({ type }) => type), ...ANNOUNCED_TYPES];

/**
 * Whether one of the patterns (`license.created`, `license.*`, `*`) matches the type. Events about webhooks themselves match only patterns
 * that name them (`webhook.*`): `*` does not include them.
 */
export const matches = (patterns: readonly string[], type: string): boolean =>
  patterns.some(
    (pattern) =>
      (pattern === '*' && !type.startsWith('webhook.')) ||
      pattern === type ||
      (pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1))),
  );

/** Whether a pattern can match any event type. One that never can is a typing error, and is refused. */
export const isKnown = (pattern: string): boolean =>
  TYPES.some((type) => matches([pattern], type) || matches([type], pattern));

import type { JsonSchema } from '../contract.ts';

/**
 * A contract's schema as consumers should hold it. A contract is closed, so that nothing gets out that it does not name; but
 * what is published may get new fields, and whoever validates with yesterday's schema must not refuse tomorrow's event.
 */
export const openSchema = (schema: JsonSchema): JsonSchema => opened(schema) as JsonSchema;

const opened = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(opened);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, inner]) => !(key === 'additionalProperties' && inner === false))
      .map(([key, inner]) => [key, opened(inner)]),
  );
};

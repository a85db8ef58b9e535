import type { JsonSchema } from '../contract.ts';

/**
 * A contract's schema in the form for consumers. The contract itself is closed, so that only the fields it names are
 * published. Published events may get new fields, so a consumer that validates with an older schema must accept newer events.
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

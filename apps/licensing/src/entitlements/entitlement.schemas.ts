import Type from 'typebox';
import { OVERAGES, QUOTA_PERIODS, VALUE_TYPES } from '#domain/licensing/entitlements/entitlement';
import { Nullable, StrictObject, Text } from '#platform/http/schemas';

const MOST = Number.MAX_SAFE_INTEGER;

/** The name of a feature, as apps and plans use it. */
export const Feature = Type.String({
  pattern: '^[a-z0-9]+([._-][a-z0-9]+)*$',
  minLength: 1,
  maxLength: 100,
  description: 'Lower-case letters and digits with inner dots, dashes and underscores.',
  examples: ['api_calls'],
});

export const Value = Type.Unsafe<boolean | number | string | null>({
  anyOf: [
    { type: 'boolean' },
    { type: 'integer', minimum: -MOST, maximum: MOST },
    { type: 'string', maxLength: 1000, pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]*$' },
    { type: 'null' },
  ],
  description: 'Of the type of the entitlement. null = unlimited, only for `int` and `quota`; 0 = none.',
});

export const ValueType = Type.Enum([...VALUE_TYPES]);

/** The quota fields of a request, besides the value. */
export const quotaTerms = {
  quota_period: Type.Enum([...QUOTA_PERIODS], {
    description: 'When the quota resets, by the calendar in UTC; default: `monthly`.',
  }),
  quota_unit: Nullable(Text(50, { min: 1 })),
  stripe_meter_event_name: Nullable(Text(100, { min: 1 })),
  overage: Type.Enum([...OVERAGES], {
    description: 'How far above its limit it may be used: not at all, up to a multiple of the limit, or unlimited.',
  }),
};

/** The same fields in a response: null if they do not apply. */
const shown = { ...quotaTerms, quota_period: Nullable(Type.Enum([...QUOTA_PERIODS])) };

export const Entitlement = StrictObject(
  { feature: Feature, value_type: ValueType, value: Value, ...shown },
  { $id: 'Entitlement' },
);

export const EffectiveEntitlement = StrictObject(
  {
    feature: Feature,
    value_type: ValueType,
    value: Value,
    ...shown,
    sources: Type.Array(
      StrictObject({
        type: Type.Enum(['plan', 'add_on', 'override']),
        id: Type.Optional(Type.String({ description: 'Of the add-on.' })),
        slug: Type.Optional(Type.String({ description: 'Of the add-on.' })),
        value: Value,
      }),
      { description: 'The sources of the value.' },
    ),
  },
  { $id: 'EffectiveEntitlement' },
);

import Type from 'typebox';
import { OVERAGES, QUOTA_PERIODS, VALUE_TYPES } from '#domain/licensing/entitlements/entitlement';
import { Nullable, StrictObject, Text } from '#platform/http/schemas';

const MOST = Number.MAX_SAFE_INTEGER;

/** What apps and plans call a thing that licenses may do. */
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
  description: 'Of the entitlement’s type. null = unlimited, for `int` and `quota` alone; 0 is none.',
});

export const ValueType = Type.Enum([...VALUE_TYPES]);

/** What a quota is besides its value, as it is asked for. */
export const quotaTerms = {
  quota_period: Type.Enum([...QUOTA_PERIODS], {
    description: 'When it begins anew, by the calendar in UTC; `monthly` when it is left out.',
  }),
  quota_unit: Nullable(Text(50, { min: 1 })),
  stripe_meter_event_name: Nullable(Text(100, { min: 1 })),
  overage: Type.Enum([...OVERAGES], {
    description: 'How far above its limit it may be used: not at all, up to a multiple of it, or without end.',
  }),
};

/** The same as it is shown: null where it does not apply. */
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
      { description: 'What the value is made of.' },
    ),
  },
  { $id: 'EffectiveEntitlement' },
);

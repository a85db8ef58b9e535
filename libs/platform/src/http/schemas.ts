import Type, { type Static, type TProperties, type TSchema } from 'typebox';
import { readEmail } from '../mail/address.ts';
import { utcTime } from './utc-time.ts';

/** An object that refuses unknown fields. `$id` names it in the OpenAPI document. */
export const StrictObject = <P extends TProperties>(
  properties: P,
  options: { $id?: string; description?: string; minProperties?: number } = {},
) => Type.Object(properties, { additionalProperties: false, ...options });

/** TypeID letters: Crockford base32 in lower case; the first holds 3 bits. */
const SUFFIX = '[0-7][0-9a-hjkmnp-tv-z]{25}';

/** A typed id: `Id('lic')` is `lic_…`. */
export const Id = (prefix: string) =>
  Type.String({
    pattern: `^${prefix}_${SUFFIX}$`,
    'x-id-prefix': prefix,
    examples: [`${prefix}_01jd1zx0h8e4rvy2m6k9w3q5tb`],
  });

/**
 * A time: RFC 3339 with any offset in requests, where handlers get it as `utcTime` makes it; in UTC with milliseconds in
 * answers, e.g. `2026-11-21T09:30:00.000Z`.
 */
export const Timestamp = Type.String({
  format: 'utc-time',
  normalize: (text: string) => utcTime(text) ?? text,
  examples: ['2026-11-21T09:30:00.000Z'],
});

/** One line of text without control characters; `multiline` allows line breaks and tabs. Lengths are in characters. */
export const Text = (max: number, { min = 0, multiline = false }: { min?: number; multiline?: boolean } = {}) =>
  Type.String({
    minLength: min,
    maxLength: max,
    pattern: multiline
      ? '^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*$'
      : '^[^\\u0000-\\u001f\\u007f-\\u009f]*$',
  });

/**
 * A name or another text that is searched, and the text to search for: a `Text` that handlers get composed (`composed`), so
 * that `Müller` is found in whichever form either was typed.
 */
export const SearchText = (max: number, options: Parameters<typeof Text>[1] = {}) =>
  Type.Unsafe<string>({ ...Text(max, options), normalize: composed });

/** Lower-case letters, digits and inner dashes. */
export const Slug = Type.String({
  pattern: '^[a-z0-9]+(-[a-z0-9]+)*$',
  minLength: 1,
  maxLength: 63,
  examples: ['pro-yearly'],
});

/** Name of a device or user; compare it after `normalizeIdentifier`. */
export const Identifier = Type.String({
  format: 'identifier',
  minLength: 1,
  maxLength: 1000,
  description: '1–255 characters after Unicode NFC and trimming; no control or format characters (joiners excepted).',
  examples: ['workstation-7'],
});

/** An e-mail address; handlers are given it as `readEmail` has it. */
export const Email = Type.String({
  normalize: (text: string) => readEmail(text) ?? text,
  format: 'email',
  minLength: 3,
  maxLength: 254,
  examples: ['ada@example.com'],
});

/** An absolute http or https address. */
export const WebAddress = Type.String({
  format: 'web-address',
  maxLength: 2048,
  examples: ['https://example.com/hooks'],
});

export const Int = (min: number, max: number) => Type.Integer({ minimum: min, maximum: max });

/** A maximum: 0 allows none, null any number. */
export const Limit = Nullable(Int(0, 1_000_000_000));

/** Any JSON under at most 50 keys, at most 16 KiB in all. */
export const Metadata = Type.Record(
  Type.String({ pattern: '^(?!(?:__proto__|constructor|prototype)$)[^\\u0000-\\u001f\\u007f]{1,100}$' }),
  Type.Unknown(),
  {
    maxProperties: 50,
    additionalProperties: false,
    'x-max-bytes': 16_384,
  },
);

/** The schema, or null. */
export function Nullable<T extends TSchema>(schema: T) {
  const { type, $id, enum: values } = schema as { type?: unknown; $id?: unknown; enum?: unknown[] };
  if (typeof type === 'string' && $id === undefined) {
    return Type.Unsafe<Static<T> | null>({ ...schema, type: [type, 'null'] });
  }
  if (Array.isArray(values)) return Type.Unsafe<Static<T> | null>({ ...schema, enum: [...values, null] });
  return Type.Unsafe<Static<T> | null>({ anyOf: [schema, { type: 'null' }] });
}

/** Query parameters of a list: `limit`, `cursor` and the filters. */
export const PageQuery = <P extends TProperties>(filters: P) =>
  StrictObject({
    ...filters,
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
    cursor: Type.Optional(Type.String({ maxLength: 1000, description: '`next_cursor` of the page before.' })),
  });

/** A page of a list. `next_cursor` is null on the last one. */
export const Page = <T extends TSchema>(item: T) =>
  StrictObject({ data: Type.Array(item), next_cursor: Nullable(Type.String()) });

/** A problem of RFC 9457 with our code. Problems may have further members. */
export const ProblemDocument = Type.Object(
  {
    type: Type.String({ format: 'uri' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    instance: Type.String(),
    code: Type.String({ pattern: '^[A-Z0-9_]+$' }),
    errors: Type.Optional(Type.Array(StrictObject({ pointer: Type.String(), detail: Type.String() }))),
  },
  { $id: 'Problem' },
);

/** Identifiers are compared and kept in Unicode NFC without white space around them. */
export const normalizeIdentifier = (text: string): string => text.normalize('NFC').trim();

/**
 * Unicode NFC, except for CJK compatibility ideographs: NFC would replace these with other characters, which look different in
 * people's names.
 */
export const composed = (text: string): string => text.replace(NOT_COMPATIBILITY, (part) => part.normalize('NFC'));

const NOT_COMPATIBILITY = /[^\uf900-\ufaff\u{2f800}-\u{2fa1f}]+/gu;

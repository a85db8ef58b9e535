import { Ajv2020, type ErrorObject, type FuncKeywordDefinition, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { TSchema } from 'typebox';
import { readEmail } from '../mail/address.ts';
import { escapePointer } from './body.ts';
import { Problem } from './problem.ts';
import { normalizeIdentifier } from './schemas.ts';
import { utcTime } from './utc-time.ts';

/** The part of a request that a value is in. */
export type Part = 'body' | 'query' | 'path';

/** Maximum number of mistakes in a report. */
const REPORTED = 20;

/** Control and format characters (Unicode Cc, Cf) except joiners, which some scripts need. */
const INVISIBLE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}]/u;

const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  'utc-time': (text) => utcTime(text) === text,
  identifier: (text) => {
    const normal = normalizeIdentifier(text);
    return normal.length > 0 && [...normal].length <= 255 && !INVISIBLE.test(normal);
  },
  email: (text) => readEmail(text) !== undefined,
  'web-address': (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
};

/**
 * `normalize: (text) => text` in a string's schema replaces the text by its normal form before all other keywords look at it.
 * The handler is given the normal form, so each kind of text is normalized in one place. OpenAPI does not show the keyword.
 */
const NORMALIZE: FuncKeywordDefinition = {
  keyword: 'normalize',
  type: 'string',
  before: 'maxLength',
  modifying: true,
  validate: (normalize: (text: string) => string, text: string, _schema, at) => {
    if (at !== undefined) at.parentData[at.parentDataProperty] = normalize(text);
    return true;
  },
};

const create = (options: { allErrors: boolean; coerceTypes: boolean }): Ajv2020 => {
  const ajv = new Ajv2020({
    ...options,
    strict: true,
    allowUnionTypes: true,
    strictRequired: false,
    useDefaults: false,
    verbose: options.allErrors,
  });
  addFormats.default(ajv, ['uri']);
  for (const [name, validate] of Object.entries(FORMATS)) ajv.addFormat(name, validate);
  ajv.addKeyword(NORMALIZE);
  ajv.addKeyword('x-id-prefix');
  ajv.addKeyword({
    keyword: 'x-max-bytes',
    validate: (max: number, value: unknown) => Buffer.byteLength(JSON.stringify(value)) <= max,
    error: { message: 'is too large' },
  });
  return ajv;
};

/** Stops at the first mistake; `thorough` finds all of them afterwards. Parameters of a URL are texts, and are coerced to their types. */
const quick = {
  body: create({ allErrors: false, coerceTypes: false }),
  url: create({ allErrors: false, coerceTypes: true }),
};
/** Finds all mistakes; runs only on what `quick` has refused. */
const thorough = {
  body: create({ allErrors: true, coerceTypes: false }),
  url: create({ allErrors: true, coerceTypes: true }),
};

export type Validator = (value: unknown) => void;

/**
 * A validator of one part of a request, which also normalizes its texts in place. ajv compiles it on first use: to compile all of
 * them would delay a start by half a second.
 * @returns a function that throws a 400 `VALIDATION_FAILED` whose `errors` point at each error: `/field/0` in the body,
 *   `?name` in the query, `{name}` in the path
 */
export const validator = (schema: TSchema, part: Part): Validator => {
  const where = part === 'body' ? 'body' : 'url';
  const integers = part === 'body' ? [] : integersOf(schema);
  let check: ValidateFunction | undefined;
  let explain: ValidateFunction | undefined;
  return (value) => {
    check ??= quick[where].compile(withoutIds(schema) as object);
    refuseOddIntegers(integers, value, part);
    if (check(value)) return;
    explain ??= thorough[where].compile(withoutIds(schema) as object);
    explain(value);
    throw invalid(part, explain.errors ?? check.errors ?? []);
  };
};

const integersOf = (schema: TSchema): string[] =>
  Object.entries((schema as { properties?: Record<string, { type?: unknown }> }).properties ?? {})
    .filter(([, { type }]) => type === 'integer')
    .map(([name]) => name);

/** Refuses `0x10`, ` 5` and `1e1`, which ajv would coerce to numbers. */
const refuseOddIntegers = (names: readonly string[], value: unknown, part: Part): void => {
  for (const name of names) {
    const text = (value as Record<string, unknown>)[name];
    if (typeof text !== 'string' || /^-?\d{1,15}$/.test(text)) continue;
    const pointer = part === 'query' ? `?${name}` : `{${name}}`;
    throw new Problem(400, 'VALIDATION_FAILED', `${pointer} must be integer.`, {
      errors: [{ pointer, detail: 'must be integer' }],
    });
  }
};

/** Removes each `$id`: ajv allows it once, but many routes share a schema. */
const withoutIds = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(withoutIds);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema).flatMap(([key, value]) =>
      key === '$id' && typeof value === 'string' ? [] : [[key, withoutIds(value)]],
    ),
  );
};

const invalid = (part: Part, errors: readonly ErrorObject[]): Problem => {
  const seen = new Map<string, { pointer: string; detail: string }>();
  for (const error of errors) {
    if (error.keyword === 'anyOf' || error.keyword === 'if') continue;
    const one = { pointer: pointerOf(part, error), detail: detailOf(error) };
    seen.set(`${one.pointer} ${one.detail}`, one);
  }
  const reported = [...seen.values()].slice(0, REPORTED);
  const [first] = reported;
  const message = first === undefined ? 'The request is not valid.' : `${first.pointer || 'The body'} ${first.detail}.`;
  return new Problem(400, 'VALIDATION_FAILED', message, { errors: reported });
};

const pointerOf = (part: Part, { instancePath, keyword, params }: ErrorObject): string => {
  const inner = {
    additionalProperties: 'additionalProperty',
    required: 'missingProperty',
    propertyNames: 'propertyName',
  }[keyword];
  const name: unknown = inner === undefined ? undefined : (params as Record<string, unknown>)[inner];
  const path = typeof name === 'string' ? `${instancePath}/${escapePointer(name)}` : instancePath;
  if (part === 'body') return path;
  return part === 'query' ? `?${path.slice(1)}` : `{${path.slice(1)}}`;
};

const detailOf = ({ keyword, params, message, parentSchema }: ErrorObject): string => {
  const values = params as Record<string, unknown>;
  const prefix: unknown = (parentSchema as Record<string, unknown> | undefined)?.['x-id-prefix'];
  switch (keyword) {
    case 'additionalProperties':
      return 'is not a field of this request';
    case 'required':
      return 'is required';
    case 'enum':
      return `must be one of ${(values['allowedValues'] as unknown[]).map(String).join(', ')}`;
    case 'pattern':
      return typeof prefix === 'string'
        ? `must be an id that begins with ${prefix}_`
        : 'has characters or a form that are not allowed';
    case 'format':
      return FORMAT_DETAILS[String(values['format'])] ?? `must be a ${String(values['format'])}`;
    default:
      return message ?? 'is not valid';
  }
};

const FORMAT_DETAILS: Readonly<Record<string, string>> = {
  'utc-time':
    'must be an RFC 3339 time, such as 2026-11-21T09:30:00Z or 2026-11-21T10:30:00+01:00 (in a URL, write + as %2B)',
  identifier: 'must be 1 to 255 characters without control or format characters',
  email: 'must be an e-mail address',
  'web-address': 'must be an http or https address',
};

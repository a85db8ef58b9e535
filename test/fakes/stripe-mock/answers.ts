import { readFileSync } from 'node:fs';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { SPEC } from './binary.ts';

type Schema = { readonly [name: string]: unknown };

/** Fields of endive that dahlia does not have, by schema. */
export const NEW_FIELDS: Readonly<Record<string, readonly string[]>> = {
  recurring: ['trial_period_days'],
  subscription: ['status_details'],
  subscription_schedule: ['pause_schedules'],
  subscriptions_resource_trial_settings_end_behavior: ['billing_cycle_anchor'],
};

/** Objects that the document does not describe: it has no v2. */
const NOT_DESCRIBED = /^v2\./;

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Turns the schemas of OpenAPI 3.0 into JSON Schema; fields that are not described are forbidden. */
const converted = (schema: unknown, name = ''): unknown => {
  if (Array.isArray(schema)) return schema.map((one) => converted(one));
  if (!isSchema(schema)) return schema;
  const { nullable, properties, ...rest } = schema;
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(rest)) {
    if (key.startsWith('x-') || key === 'description' || key === 'format') continue;
    out[key] = key === 'enum' || key === 'required' ? value : converted(value);
  }
  if (isSchema(properties)) {
    const known = Object.entries(properties).map(([key, value]): [string, unknown] => [key, converted(value)]);
    const added = (NEW_FIELDS[name] ?? []).map((field): [string, unknown] => [field, true]);
    out['properties'] = Object.fromEntries([...known, ...added]);
    if (known.length > 0) out['additionalProperties'] ??= false;
  }
  return nullable === true ? { anyOf: [out, { type: 'null' }] } : out;
};

const LIST = { type: 'object', required: ['object', 'data', 'has_more', 'url'] };

/** Validates answers by Stripe's OpenAPI document. */
export class Answers {
  readonly #ajv = new Ajv({ strict: false, validateFormats: false, inlineRefs: false });
  readonly #validators = new Map<string, ValidateFunction>();
  /** Kinds of objects that were validated. */
  readonly kinds = new Set<string>();

  constructor(file = SPEC) {
    const { components } = JSON.parse(readFileSync(file, 'utf8')) as {
      components: { schemas: Record<string, Schema> };
    };
    const schemas = Object.entries(components.schemas).map(([name, schema]) => [name, converted(schema, name)]);
    this.#ajv.addSchema({ components: { schemas: Object.fromEntries(schemas) } }, 'stripe');
  }

  /** Fails on an answer that Stripe's document does not allow. */
  check(answer: unknown): void {
    if (!isSchema(answer) || 'error' in answer) return;
    if (answer['object'] === 'list') {
      for (const field of LIST.required) if (!(field in answer)) throw new Error(`a list without ${field}`);
      for (const one of answer['data'] as unknown[]) this.check(one);
      return;
    }
    const object = String(answer['object']);
    if (NOT_DESCRIBED.test(object) || object === 'undefined') return;
    const kind = answer['deleted'] === true ? `deleted_${object}` : object;
    this.kinds.add(kind);
    const validate = this.#validator(kind);
    if (!validate(answer)) throw new Error(`the fake's ${kind} is not Stripe's:\n${complaints(validate.errors ?? [])}`);
  }

  #validator(kind: string): ValidateFunction {
    const known = this.#validators.get(kind);
    if (known !== undefined) return known;
    const made = this.#ajv.compile({ $ref: `stripe#/components/schemas/${kind}` });
    this.#validators.set(kind, made);
    return made;
  }
}

/** The deepest complaints: those of the alternative that came nearest. */
const complaints = (errors: readonly ErrorObject[]): string =>
  errors
    .map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`)
    .slice(0, 12)
    .join('\n');

import addFormats from 'ajv-formats';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { contracts } from '../../apps/keyledger/src/services.ts';
import { asyncApi } from '#events/catalogue/asyncapi';
import { catalogue } from '#events/catalogue/catalogue';
import type { EventContract } from '#events/contract';
import { fromMessage, toMessage } from '#events/kafka/cloudevents';
import { contractsByType, publish } from '#events/publish';

type Json = Record<string, unknown>;

const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true });
addFormats.default(ajv);
const validators = new Map<string, ValidateFunction>(contracts.map(({ type, data }) => [type, ajv.compile(data)]));
const mistakes = (type: string, data: unknown): unknown => {
  const validate = validators.get(type);
  if (validate === undefined) throw new Error(`${type} has no schema`);
  return validate(data) ? [] : validate.errors;
};

/** The published form of an event. Its log entry has the example's fields and extra fields that must not be published. */
const published = (contract: EventContract<never>) =>
  publish(
    {
      position: '42',
      id: 'evt_1',
      stream_id: 'thing_1',
      version: 7,
      type: contract.type,
      schema_version: contract.schema_version,
      data: { ...contract.example, secret: 'not for the world' },
      metadata: {
        actor: { type: 'api_key', id: 'key_1' },
        correlation_id: 'req_1',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      },
      recorded_at: new Date('2026-01-31T09:00:00.123Z'),
    },
    contract,
    contractsByType(contracts).schemas,
  );

/** The streams in which each service stores events, and the types that are stored elsewhere. */
const SUBJECTS: Readonly<Record<string, string>> = {
  activation: 'lic_…',
  add_on: 'addon_…',
  api_key: 'key_…',
  coupon: 'cpn_…',
  credit_note: 'inv_…',
  customer: 'cus_…',
  floating: 'lic_…/floating',
  invoice: 'inv_…',
  key_batch: 'batch_…',
  license: 'lic_…',
  payment: 'pay_…',
  plan: 'plan_…',
  'plan.changed': 'lic_…',
  price: 'price_…',
  product: 'prod_…',
  quota: 'lic_…/usage/api_calls',
  seat: 'lic_…/seats',
  signing_key: 'signing-keys',
  subscription: 'sub_…',
  usage: 'lic_…/usage/api_calls',
  'webhook.delivery_exhausted': 'dlv_…',
  'webhook.endpoint_disabled': 'whk_…',
};

describe('the catalogue of events', () => {
  it('lists each type once, sorted by name', () => {
    const types = catalogue(contracts).data.map(({ type }) => type);
    expect(types.length).toBeGreaterThan(0);
    expect(types).toEqual([...new Set(contracts.map(({ type }) => type))].sort());
    expect(types).toHaveLength(contracts.length);
  });

  it.each(contracts.map((contract) => [contract.type, contract] as const))(
    'has a valid example of %s',
    (type, contract) => {
      expect(mistakes(type, contract.example)).toEqual([]);
      const { data } = published(contract);
      expect(mistakes(type, data)).toEqual([]);
      expect(data).toEqual(contract.example);
    },
  );

  it.each(catalogue(contracts).data.map(({ type, examples }) => [type, examples[0]?.subject] as const))(
    'has an example of %s with its real subject',
    (type, subject = '') => {
      const [name = ''] = type.split('.');
      expect(subject.replace(/_[0-9a-hjkmnp-tv-z]{26}/, '_…')).toBe(SUBJECTS[type] ?? SUBJECTS[name]);
    },
  );

  it('has schemas that reject a wrong event', () => {
    for (const { type } of contracts) expect(mistakes(type, 'not an object')).not.toEqual([]);
  });
});

describe('an event as a Kafka message', () => {
  it.each(contracts.map((contract) => [contract.type, contract] as const))(
    '%s is unchanged after the round trip',
    (_, contract) => {
      const event = published(contract);
      const { key, value, headers } = toMessage(event);
      expect(key).toBe('thing_1');
      expect(headers).toMatchObject({
        ce_specversion: '1.0',
        ce_id: 'evt_1',
        ce_source: `keyledger/${contract.service}`,
        ce_type: contract.type,
        ce_subject: 'thing_1',
        ce_time: '2026-01-31T09:00:00.123Z',
        ce_position: '42',
        ce_streamversion: '7',
        ce_traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        'content-type': 'application/json',
      });
      const binary = Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]));
      expect(fromMessage({ headers: binary, value: Buffer.from(value), offset: '0' })).toEqual(event);
      const structured = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
      expect(fromMessage({ headers: structured, value: Buffer.from(JSON.stringify(event)), offset: '0' })).toEqual(
        event,
      );
    },
  );

  it.each([
    ['no value', { headers: {}, value: null }],
    ['no attributes', { headers: {}, value: Buffer.from('{}') }],
    ['no JSON', { headers: { ce_specversion: '1.0' }, value: Buffer.from('{') }],
    ['another version', { headers: { ce_specversion: '0.3' }, value: Buffer.from('{}') }],
  ])('is refused with %s', (_, message) => {
    expect(() => fromMessage({ ...message, offset: '5' })).toThrow();
  });
});

describe('the AsyncAPI document', () => {
  const document = asyncApi(contracts, { servers: ['kafka.example.com:9092'] });

  /** The target of a reference. @throws when the target is missing */
  const resolve = (reference: string): unknown => {
    const path = reference.replace(/^#\//, '').split('/');
    const found = path.reduce<unknown>((at, part) => (at as Json | undefined)?.[part], document);
    if (found === undefined) throw new Error(`${reference} leads nowhere`);
    return found;
  };
  const references = (value: unknown): string[] =>
    typeof value !== 'object' || value === null
      ? []
      : Object.entries(value).flatMap(([key, inner]) =>
          key === '$ref' && typeof inner === 'string' ? [inner] : references(inner),
        );

  it('has the shape of AsyncAPI 3.0', () => {
    const object = (values: Json): Json => ({ type: 'object', additionalProperties: values });
    const ref = { type: 'object', required: ['$ref'], properties: { $ref: { type: 'string', pattern: '^#/' } } };
    const shape = new Ajv2020({ strict: false, allErrors: true }).compile({
      type: 'object',
      required: ['asyncapi', 'info'],
      additionalProperties: false,
      properties: {
        asyncapi: { const: '3.0.0' },
        defaultContentType: { type: 'string' },
        info: { type: 'object', required: ['title', 'version'], properties: { version: { type: 'string' } } },
        servers: object({ type: 'object', required: ['host', 'protocol'] }),
        channels: object({
          type: 'object',
          required: ['address', 'messages'],
          properties: { address: { type: 'string' }, messages: object(ref) },
        }),
        operations: object({
          type: 'object',
          required: ['action', 'channel'],
          properties: { action: { enum: ['send', 'receive'] }, channel: ref },
        }),
        components: {
          type: 'object',
          additionalProperties: false,
          properties: {
            // The keys of components may contain only these characters.
            messages: {
              ...object({ type: 'object', required: ['payload'] }),
              propertyNames: { pattern: '^[\\w.-]+$' },
            },
            schemas: { ...object({ type: 'object' }), propertyNames: { pattern: '^[\\w.-]+$' } },
          },
        },
      },
    });
    shape(document);
    expect(shape.errors).toBeNull();
  });

  it('has no dangling references', () => {
    const all = references(document);
    expect(all.length).toBeGreaterThan(contracts.length);
    for (const reference of all) resolve(reference);
  });

  it('describes the headers of the real messages', () => {
    const validate = ajv.compile(resolve('#/components/schemas/CloudEventHeaders') as Json);
    for (const contract of contracts) {
      const { headers } = toMessage(published(contract));
      validate(headers);
      expect(validate.errors).toBeNull();
      const described = Object.keys(resolve('#/components/schemas/CloudEventHeaders/properties') as Json);
      expect(described.sort()).toEqual(Object.keys(headers).sort());
    }
  });
});

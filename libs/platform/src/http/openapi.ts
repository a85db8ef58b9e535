import { STATUS_CODES } from 'node:http';
import type { TSchema } from 'typebox';
import type { EndpointContract } from './endpoint.ts';
import { addressOf } from './register.ts';
import { ProblemDocument } from './schemas.ts';

type Json = Record<string, unknown>;

export interface OpenApiOptions {
  readonly version: string;
  /** Public address of the API. */
  readonly server: string;
}

/** Problems that a route may answer with besides its own. */
const COMMON: readonly { status: number; code: string }[] = [
  { status: 400, code: 'VALIDATION_FAILED' },
  { status: 401, code: 'UNAUTHENTICATED' },
  { status: 429, code: 'RATE_LIMITED' },
  { status: 503, code: 'UNAVAILABLE' },
];
const WITH_BODY: typeof COMMON = [
  { status: 400, code: 'MALFORMED_JSON' },
  { status: 413, code: 'BODY_TOO_LARGE' },
  { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' },
];
const WITH_IDEMPOTENCY: typeof COMMON = [
  { status: 409, code: 'IDEMPOTENCY_IN_PROGRESS' },
  { status: 422, code: 'IDEMPOTENCY_KEY_REUSED' },
];

/** The OpenAPI 3.1 document of routes, made from the very contracts that serve them. */
export const openApi = (contracts: readonly EndpointContract[], { version, server }: OpenApiOptions): Json => {
  const schemas: Json = {};
  const paths: Record<string, Json> = {};
  for (const contract of contracts) {
    const path = addressOf(contract).replace(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[contract.method.toLowerCase()] = operation(contract, schemas);
  }
  hoist(ProblemDocument, schemas);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Keyledger',
      version,
      description: 'Licensing, subscription billing, signed releases and webhooks for software merchants.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: server }],
    tags: [...new Set(contracts.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas,
      securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', description: 'An API key (kl_…).' } },
    },
  };
};

const operation = (contract: EndpointContract, schemas: Json): Json => ({
  operationId: contract.operation,
  tags: [contract.tag],
  summary: contract.summary,
  ...(contract.auth === 'public' ? { security: [] } : {}),
  ...(contract.auth === 'license' ? { security: [{}, { apiKey: [] }] } : {}),
  ...(contract.auth !== 'public' && contract.auth !== 'license'
    ? { security: [{ apiKey: [] }], description: `Needs the scope \`${contract.auth}\`.` }
    : {}),
  parameters: [
    ...parameters(contract.params, 'path', schemas),
    ...parameters(contract.query, 'query', schemas),
    ...(contract.method === 'POST' ? [IDEMPOTENCY_KEY] : []),
    ...(contract.method === 'PATCH' ? [IF_MATCH] : []),
  ],
  ...(contract.body === undefined
    ? {}
    : { requestBody: { required: true, content: { 'application/json': { schema: hoist(contract.body, schemas) } } } }),
  responses: responses(contract, schemas),
});

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'The same key again within 24 hours gives the first answer again and does nothing.',
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
};
const IF_MATCH = {
  name: 'If-Match',
  in: 'header',
  description: 'The ETag on which the change is based; 412 when there has been another since.',
  schema: { type: 'string', pattern: '^"[0-9]{1,9}"$' },
};

const parameters = (schema: TSchema | undefined, place: 'path' | 'query', schemas: Json): Json[] => {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: Record<string, TSchema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...rest } = hoist(property, schemas) as Json;
    return {
      name,
      in: place,
      required: place === 'path' || required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: rest,
    };
  });
};

const responses = (contract: EndpointContract, schemas: Json): Json => {
  const answers = Object.entries(contract.answers).map(
    ([status, { description, schema, media = 'application/json' }]) => [
      status,
      { description, ...(schema === null ? {} : { content: { [media]: { schema: hoist(schema, schemas) } } }) },
    ],
  );
  const problems = Object.groupBy(
    [
      ...contract.problems,
      ...COMMON,
      ...(contract.method === 'GET' ? [] : WITH_BODY),
      ...(contract.method === 'POST' ? WITH_IDEMPOTENCY : []),
      ...(contract.method === 'PATCH' || contract.method === 'POST'
        ? [{ status: 412, code: 'PRECONDITION_FAILED' }]
        : []),
      ...(contract.auth === 'public' ? [] : [{ status: 403, code: 'FORBIDDEN' }]),
    ],
    ({ status }) => status,
  );
  const refused = Object.entries(problems).map(([status, list = []]) => [
    status,
    {
      description: `${STATUS_CODES[status] ?? 'Error'}: ${[...new Set(list.map(({ code }) => code))].map((code) => `\`${code}\``).join(', ')}`,
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  ]);
  return Object.fromEntries([...answers, ...refused]) as Json;
};

/** The schema with what has a name moved to `components.schemas`, and without what is for us alone. */
const hoist = (schema: unknown, schemas: Json): unknown => {
  if (Array.isArray(schema)) return schema.map((item) => hoist(item, schemas));
  if (typeof schema !== 'object' || schema === null) return schema;
  const { $id, ...rest } = schema as Json;
  const plain = Object.fromEntries(
    Object.entries(rest)
      .filter(([key]) => key !== 'x-max-bytes' && key !== 'x-id-prefix')
      .map(([key, value]) => [key, hoist(value, schemas)]),
  );
  if (typeof $id !== 'string') return plain;
  schemas[$id] = plain;
  return { $ref: `#/components/schemas/${$id}` };
};

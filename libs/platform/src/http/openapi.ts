import { READ } from '../auth/principal.ts';
import { PUBLIC } from '../auth/scheme.ts';
import { STATUS_CODES } from 'node:http';
import type { TSchema } from 'typebox';
import type { EndpointContract } from './endpoint.ts';
import { PATCH_TYPES } from './body.ts';
import { addressOf } from './register.ts';
import { ProblemDocument } from './schemas.ts';

type Json = Record<string, unknown>;

export interface OpenApiOptions {
  readonly version: string;
  /** Public address of the API. */
  readonly server: string;
}

/** Problems that every route may answer with. */
const COMMON: readonly { status: number; code: string }[] = [
  { status: 400, code: 'VALIDATION_FAILED' },
  { status: 400, code: 'MALFORMED_REQUEST' },
  { status: 401, code: 'UNAUTHENTICATED' },
  { status: 429, code: 'RATE_LIMITED' },
  { status: 429, code: 'TOO_MANY_FAILURES' },
  { status: 503, code: 'UNAVAILABLE' },
];
const WITH_BODY: typeof COMMON = [
  { status: 400, code: 'MALFORMED_JSON' },
  { status: 413, code: 'BODY_TOO_LARGE' },
  { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' },
];
const bodyProblems = ({ raw_limit }: EndpointContract): typeof COMMON =>
  raw_limit === undefined ? WITH_BODY : WITH_BODY.filter(({ code }) => code === 'BODY_TOO_LARGE');
const WITH_IDEMPOTENCY: typeof COMMON = [
  { status: 409, code: 'IDEMPOTENCY_IN_PROGRESS' },
  { status: 422, code: 'IDEMPOTENCY_KEY_REUSED' },
];

/** The OpenAPI 3.1 document of routes, made from the contracts that serve them. */
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
      headers: HEADERS,
      securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', description: 'An API key (kl_…).' } },
    },
  };
};

/** How a caller may identify itself; `{}` = without an API key. */
const security = ({ auth, method }: EndpointContract): Json => {
  if (auth === PUBLIC) return { security: [] };
  if (typeof auth !== 'string') return { security: [{}, { apiKey: [] }] };
  const scopes = method === 'GET' ? `\`${auth}\` or \`${READ}\`` : `\`${auth}\``;
  return { security: [{ apiKey: [] }], description: `Needs the scope ${scopes}.` };
};

const operation = (contract: EndpointContract, schemas: Json): Json => ({
  operationId: contract.operation,
  tags: [contract.tag],
  summary: contract.summary,
  ...security(contract),
  parameters: [
    ...parameters(contract.params, 'path', schemas),
    ...parameters(contract.query, 'query', schemas),
    ...(takesKey(contract) && contract.upload === undefined ? [IDEMPOTENCY_KEY] : []),
    ...(takesIfMatch(contract) ? [IF_MATCH] : []),
    ...(takesIfNoneMatch(contract) ? [IF_NONE_MATCH] : []),
    ...Object.entries(contract.headers ?? {}).map(([name, description]) => ({
      name,
      in: 'header',
      description,
      schema: { type: 'string' },
    })),
  ],
  ...requestBody(contract, schemas),
  responses: responses(contract, schemas),
});

const requestBody = ({ method, body, upload, raw_limit }: EndpointContract, schemas: Json): Json => {
  if (upload !== undefined) return { requestBody: { required: true, content: asFiles(upload) } };
  if (raw_limit !== undefined) return { requestBody: { required: true, content: { '*/*': {} } } };
  if (body === undefined) return {};
  const schema = hoist(body, schemas, IN_REQUESTS);
  const types = method === 'PATCH' ? PATCH_TYPES : ['application/json'];
  return { requestBody: { required: true, content: Object.fromEntries(types.map((type) => [type, { schema }])) } };
};

/** Commands on an existing resource take it, as changes of its fields do. */
const takesIfMatch = ({ method, params }: EndpointContract): boolean =>
  method === 'PATCH' || (method === 'POST' && params !== undefined);

const takesIfNoneMatch = ({ method, answers }: EndpointContract): boolean =>
  method === 'GET' && Object.values(answers).some((answer) => answer.etag);

const takesKey = ({ method, raw_limit }: EndpointContract): boolean => method === 'POST' && raw_limit === undefined;

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'A second call with the same key within 24 hours replays the first answer and changes nothing.',
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
};
/** `*`, or a list of entity tags (RFC 9110 §8.8.3); the server takes empty elements too. */
const ENTITY_TAGS = '^(\\*|(W/)?"[^"]*"([ \\t]*,[ \\t]*(W/)?"[^"]*")*)$';

const IF_MATCH = {
  name: 'If-Match',
  in: 'header',
  description:
    'The ETag on which the change is based, or several; 412 if the resource has changed since. A weak tag, as proxies that compress answers make them, counts as the version that it names.',
  schema: { type: 'string', pattern: ENTITY_TAGS, examples: ['"3"', 'W/"3", "4"', '*'] },
};
const IF_NONE_MATCH = {
  name: 'If-None-Match',
  in: 'header',
  description: 'The ETag of an answer that the caller has, or several; 304 if it is still the current one.',
  schema: { type: 'string', pattern: ENTITY_TAGS, examples: ['"3"', 'W/"3", "4"'] },
};

const HEADERS = {
  'Request-Id': {
    description: 'Names this call in logs: the `Request-Id` that the caller sent, or a new one.',
    schema: { type: 'string' },
  },
  traceparent: { description: 'W3C trace context of this call.', schema: { type: 'string' } },
  ETag: { description: 'Version of the resource, for If-Match and If-None-Match.', schema: { type: 'string' } },
  'Retry-After': { description: 'Seconds after which to try again.', schema: { type: 'integer', minimum: 0 } },
  RateLimit: {
    description: 'What is left of each limit that the call counts against (draft-ietf-httpapi-ratelimit-headers-10).',
    schema: { type: 'string', examples: ['"license";r=99;t=1'] },
  },
  'RateLimit-Policy': {
    description: 'Each of these limits: a number of calls in a window of seconds.',
    schema: { type: 'string', examples: ['"license";q=100;w=1'] },
  },
  'Idempotent-Replayed': {
    description: '`true` on a replayed answer.',
    schema: { type: 'string', const: 'true' },
  },
  'WWW-Authenticate': { description: 'The authentication scheme that the route takes.', schema: { type: 'string' } },
} satisfies Record<string, Json>;

/** Headers of an answer with this status. */
const headersOf = (status: number, contract: EndpointContract): Json => {
  const { auth, answers } = contract;
  const names: (keyof typeof HEADERS)[] = ['Request-Id', 'traceparent'];
  if (auth !== PUBLIC || status === 429) names.push('RateLimit', 'RateLimit-Policy');
  if (status === 304 || answers[status]?.etag) names.push('ETag');
  if (status === 401) names.push('WWW-Authenticate');
  if (status === 429 || status === 502 || status === 503) names.push('Retry-After');
  if (takesKey(contract) && (status < 300 || status === 409 || status === 429)) names.push('Idempotent-Replayed');
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
};

const parameters = (schema: TSchema | undefined, place: 'path' | 'query', schemas: Json): Json[] => {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: Record<string, TSchema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...rest } = hoist(property, schemas, IN_REQUESTS) as Json;
    return {
      name,
      in: place,
      required: place === 'path' || required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: rest,
    };
  });
};

const asFiles = (media: readonly string[]): Json =>
  Object.fromEntries(media.map((one) => [one, { schema: { type: 'string' } }]));

const responses = (contract: EndpointContract, schemas: Json): Json => {
  const answers = Object.entries(contract.answers).map(
    ([status, { description, schema, media = 'application/json', files = [] }]) => [
      status,
      {
        description,
        headers: headersOf(Number(status), contract),
        ...(schema === null ? {} : { content: { [media]: { schema: hoist(schema, schemas) }, ...asFiles(files) } }),
      },
    ],
  );
  const unchanged = takesIfNoneMatch(contract)
    ? [[304, { description: 'The caller has the current answer.', headers: headersOf(304, contract) }]]
    : [];
  const problems = Object.groupBy(
    [
      ...contract.problems,
      ...COMMON,
      ...(contract.method === 'GET' ? [] : bodyProblems(contract)),
      ...(takesKey(contract) ? WITH_IDEMPOTENCY : []),
      ...(takesIfMatch(contract) ? [{ status: 412, code: 'PRECONDITION_FAILED' }] : []),
      ...(contract.auth === PUBLIC ? [] : [{ status: 403, code: 'FORBIDDEN' }]),
    ],
    ({ status }) => status,
  );
  const refused = Object.entries(problems).map(([status, list = []]) => [
    status,
    {
      description: `${STATUS_CODES[status] ?? 'Error'}: ${[...new Set(list.map(({ code }) => code))].map((code) => `\`${code}\``).join(', ')}`,
      headers: headersOf(Number(status), contract),
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  ]);
  return Object.fromEntries([...answers, ...unchanged, ...refused]) as Json;
};

/** Control characters, and the format characters that occur in practice. */
const INVISIBLE = '\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u200b\\u200e\\u200f\\u202a-\\u202e\\u2060-\\u206f\\ufeff';

/** Our formats, expressed in keywords of JSON Schema. */
const FORMATS: Readonly<Record<string, Json>> = {
  'utc-time': { format: 'date-time', pattern: 'Z$' },
  'web-address': { format: 'uri', pattern: '^https?://' },
  identifier: {
    maxLength: 255,
    pattern: `^[^${INVISIBLE}]*[^${INVISIBLE}\\u0020\\u00a0][^${INVISIBLE}]*$`,
  },
};

/** Requests may write a time with any offset. */
const IN_REQUESTS: typeof FORMATS = { ...FORMATS, 'utc-time': { format: 'date-time' } };

/** The schema without our own keywords; named schemas move to `components.schemas`. */
const hoist = (schema: unknown, schemas: Json, formats = FORMATS): unknown => {
  if (Array.isArray(schema)) return schema.map((item) => hoist(item, schemas, formats));
  if (typeof schema !== 'object' || schema === null) return schema;
  const { $id, 'x-max-bytes': _bytes, 'x-id-prefix': _prefix, ...rest } = schema as Json;
  const { format } = rest;
  const standard = typeof format === 'string' ? formats[format] : undefined;
  if (standard !== undefined) delete rest['format'];
  const plain = Object.fromEntries(
    Object.entries({ ...rest, ...standard }).map(([key, value]) => [key, hoist(value, schemas, formats)]),
  );
  if (typeof $id !== 'string') return plain;
  schemas[$id] = plain;
  return { $ref: `#/components/schemas/${$id}` };
};

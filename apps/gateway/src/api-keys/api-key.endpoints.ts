import Type, { type Static } from 'typebox';
import { API_KEY_SCOPES } from '#domain/identity/api-key/api-key';
import { endpoint } from '#platform/http/endpoint';
import { Id, Nullable, Page, PageQuery, SearchText, StrictObject, Timestamp } from '#platform/http/schemas';

const TAG = 'API keys';

const Scopes = Type.Array(Type.Enum([...API_KEY_SCOPES]), {
  uniqueItems: true,
  maxItems: API_KEY_SCOPES.length,
  description:
    'What the key may do. `admin` includes the others; `read` allows every GET and nothing else; an empty list allows nothing.',
});
const Name = SearchText(200, { min: 1 });

const fields = {
  id: Id('key'),
  name: Name,
  scopes: Scopes,
  product_id: Nullable(Id('prod')),
  prefix: Type.String({ description: 'The first characters of the key.' }),
  status: Type.Enum(['active', 'revoked']),
  created_at: Timestamp,
  revoked_at: Nullable(Timestamp),
  last_used: Nullable(Timestamp),
  last_used_ip: Nullable(Type.String()),
};

export const ApiKey = StrictObject(fields, { $id: 'ApiKey' });
export type ApiKey = Static<typeof ApiKey>;

const CreatedApiKey = StrictObject(
  { ...fields, key: Type.String({ description: 'The key itself. It is returned only here and not stored.' }) },
  { $id: 'CreatedApiKey' },
);

const params = StrictObject({ id: Id('key') });
const NOT_FOUND = { status: 404, code: 'API_KEY_NOT_FOUND' };
const REVOKED = { status: 409, code: 'API_KEY_REVOKED' };

export const createApiKey = endpoint({
  method: 'POST',
  path: '/admin/api-keys',
  operation: 'createApiKey',
  tag: TAG,
  summary: 'Create an API key',
  auth: 'admin',
  body: StrictObject({ name: Name, scopes: Scopes, product_id: Type.Optional(Nullable(Id('prod'))) }),
  answers: { 201: { description: 'The key, shown once.', schema: CreatedApiKey } },
  problems: [{ status: 403, code: 'API_KEY_BEYOND_PRODUCT' }],
});

export const listApiKeys = endpoint({
  method: 'GET',
  path: '/admin/api-keys',
  operation: 'listApiKeys',
  tag: TAG,
  summary: 'List API keys, newest first',
  auth: 'admin',
  query: PageQuery({
    product_id: Type.Optional(Id('prod')),
    status: Type.Optional(Type.Enum(['active', 'revoked'])),
    q: Type.Optional(SearchText(200, { min: 1 })),
  }),
  answers: { 200: { description: 'A page of API keys.', schema: Page(ApiKey) } },
  problems: [],
});

export const readApiKey = endpoint({
  method: 'GET',
  path: '/admin/api-keys/:id',
  operation: 'readApiKey',
  tag: TAG,
  summary: 'Read an API key',
  auth: 'admin',
  params,
  answers: { 200: { description: 'The API key, without the key itself.', schema: ApiKey } },
  problems: [NOT_FOUND],
});

export const renameApiKey = endpoint({
  method: 'PATCH',
  path: '/admin/api-keys/:id',
  operation: 'renameApiKey',
  tag: TAG,
  summary: 'Rename an API key; its scopes cannot change',
  auth: 'admin',
  params,
  body: StrictObject({ name: Type.Optional(Name) }),
  answers: { 200: { description: 'The API key.', schema: ApiKey } },
  problems: [NOT_FOUND, REVOKED],
});

export const revokeApiKey = endpoint({
  method: 'DELETE',
  path: '/admin/api-keys/:id',
  operation: 'revokeApiKey',
  tag: TAG,
  summary: 'Revoke an API key',
  auth: 'admin',
  params,
  answers: { 204: { description: 'The key is refused from now on.', schema: null } },
  problems: [NOT_FOUND],
});

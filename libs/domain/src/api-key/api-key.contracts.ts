import type { ApiKeyEvent } from './api-key.ts';
import { API_KEY_SCOPES } from './api-key.ts';

type EventOf<Type extends ApiKeyEvent['type']> = Extract<ApiKeyEvent, { type: Type }>;

const name = { type: 'string', description: 'What people call the key.' };
const product_id = { type: ['string', 'null'], description: 'The product it is bound to; null = system-wide.' };

/** What the world may know of API keys: never a hash, still less a key. */
export const apiKeyContracts = [
  {
    type: 'api_key.created',
    service: 'gateway',
    schema_version: 1,
    description: 'An API key was made.',
    data: {
      type: 'object',
      additionalProperties: false,
      required: ['name', 'scopes', 'product_id', 'prefix'],
      properties: {
        name,
        scopes: { type: 'array', items: { enum: [...API_KEY_SCOPES] } },
        product_id,
        prefix: { type: 'string', description: 'The first characters of the key.' },
      },
    },
    example: { name: 'Order system', scopes: ['licenses:write'], product_id: null, prefix: 'kl_4fGh7KpQ' },
    publish: ({ name, scopes, product_id, prefix }: EventOf<'api_key.created'>) => ({ name, scopes, product_id, prefix }),
  },
  {
    type: 'api_key.renamed',
    service: 'gateway',
    schema_version: 1,
    description: 'An API key was given another name.',
    data: { type: 'object', additionalProperties: false, required: ['name', 'product_id'], properties: { name, product_id } },
    example: { name: 'Order system, production', product_id: null },
    publish: ({ name, product_id }: EventOf<'api_key.renamed'>) => ({ name, product_id }),
  },
  {
    type: 'api_key.revoked',
    service: 'gateway',
    schema_version: 1,
    description: 'An API key was revoked: it is refused from now on.',
    data: { type: 'object', additionalProperties: false, required: ['product_id'], properties: { product_id } },
    example: { product_id: null },
    publish: ({ product_id }: EventOf<'api_key.revoked'>) => ({ product_id }),
  },
] as const;

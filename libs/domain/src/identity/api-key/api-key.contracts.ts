import Type from 'typebox';
import { contract, orNull, text } from '../../shared/contract.ts';

const service = 'gateway';
const subject = 'key_01jd1zv7p2f9m4g6s8t0b3d5hj';
const name = text('A name that people recognize the key by.');
const product_id = orNull(text('The product it is bound to; null = system-wide.'));

/** The published events of API keys. They never contain a key or its hash. */
export const apiKeyContracts = [
  contract({
    type: 'api_key.created',
    service,
    subject,
    description: 'An API key was created.',
    fields: {
      name,
      scopes: Type.Array(text('A scope, such as `licenses:write`. Later versions may add more.')),
      product_id,
      prefix: text('The first characters of the key.'),
    },
    example: { name: 'Order system', scopes: ['licenses:write'], product_id: null, prefix: 'kl_4fGh7KpQ' },
  }),
  contract({
    type: 'api_key.renamed',
    service,
    subject,
    description: 'An API key was renamed.',
    fields: { name, product_id },
    example: { name: 'Order system, production', product_id: null },
  }),
  contract({
    type: 'api_key.revoked',
    service,
    subject,
    description: 'An API key was revoked: it is refused from now on.',
    fields: { product_id },
    example: { product_id: null },
  }),
];

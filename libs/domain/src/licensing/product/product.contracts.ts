import Type from 'typebox';
import { contract, EXAMPLE, orNull, text } from '../../shared/contract.ts';
import { KEY_FORMATS, PRODUCT_TYPES } from './product.ts';

const service = 'licensing';
const subject = EXAMPLE.product;
const product_id = text('The product.');
const fields = {
  name: text('The display name.'),
  slug: text('Its name in URLs.'),
  minimum_supported_version: orNull(text('Apps older than this version must update.')),
  minimum_supported_message: orNull(text('The message for such apps.')),
  require_signing: Type.Boolean({ description: 'Releases must be signed.' }),
  key_format: Type.Enum([...KEY_FORMATS]),
  key_prefix: orNull(text('The prefix of random license keys.')),
  allow_multiple_subscriptions: Type.Optional(
    orNull(Type.Boolean({ description: 'A subscriber may have several live subscriptions at a time; null = false.' })),
  ),
};

export const productContracts = [
  contract({
    type: 'product.created',
    service,
    subject,
    description: 'A product was created.',
    fields: { product_id, product_type: Type.Enum([...PRODUCT_TYPES]), ...fields },
    example: {
      product_id: EXAMPLE.product,
      product_type: 'desktop',
      name: 'Acme Studio',
      slug: 'acme-studio',
      minimum_supported_version: '2.0.0',
      minimum_supported_message: null,
      require_signing: true,
      key_format: 'random',
      key_prefix: 'ACME',
      allow_multiple_subscriptions: false,
    },
  }),
  contract({
    type: 'product.updated',
    service,
    subject,
    description: 'A product was changed; `changes` holds the new values of the fields that differ.',
    fields: { product_id, changes: Type.Partial(Type.Object(fields, { additionalProperties: false })) },
    example: { product_id: EXAMPLE.product, changes: { minimum_supported_version: '2.1.0' } },
  }),
];

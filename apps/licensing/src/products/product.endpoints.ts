import Type, { type Static } from 'typebox';
import { KEY_FORMATS, PRODUCT_TYPES } from '#domain/licensing/product/product';
import { endpoint } from '#platform/http/endpoint';
import { Id, Nullable, Page, PageQuery, SearchText, Slug, StrictObject, Text, Timestamp } from '#platform/http/schemas';

const TAG = 'Products';

const Name = SearchText(200, { min: 1 });
const Version = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: '^v?[0-9]+(\\.[0-9]+){0,2}([-+][0-9A-Za-z.+-]+)?$',
  examples: ['2.1.0'],
});
const KeyPrefix = Type.String({ pattern: '^[A-Z0-9]{1,10}$', examples: ['ACME'] });
const Message = Text(500);

const editable = {
  name: Name,
  slug: Slug,
  minimum_supported_version: Nullable(Version),
  minimum_supported_message: Nullable(Message),
  require_signing: Type.Boolean({ description: 'Releases must be signed.' }),
  key_format: Type.Enum([...KEY_FORMATS], {
    description: '`random`: groups of letters; `signed`: an envelope that can be checked offline.',
  }),
  key_prefix: Nullable(KeyPrefix),
  allow_multiple_subscriptions: Type.Boolean({
    description: 'A subscriber may have several live subscriptions of the product at a time.',
  }),
};

export const Product = StrictObject(
  { id: Id('prod'), type: Type.Enum([...PRODUCT_TYPES]), ...editable, created_at: Timestamp, updated_at: Timestamp },
  { $id: 'Product' },
);
export type Product = Static<typeof Product>;

const params = StrictObject({ id: Id('prod') });
const NOT_FOUND = { status: 404, code: 'PRODUCT_NOT_FOUND' };
const SLUG_TAKEN = { status: 409, code: 'SLUG_TAKEN' };

export const createProduct = endpoint({
  method: 'POST',
  path: '/admin/products',
  operation: 'createProduct',
  tag: TAG,
  summary: 'Create a product',
  auth: 'admin',
  body: StrictObject({
    name: Name,
    slug: Slug,
    type: Type.Enum([...PRODUCT_TYPES]),
    minimum_supported_version: Type.Optional(editable.minimum_supported_version),
    minimum_supported_message: Type.Optional(editable.minimum_supported_message),
    require_signing: Type.Optional(editable.require_signing),
    key_format: Type.Optional(editable.key_format),
    key_prefix: Type.Optional(editable.key_prefix),
    allow_multiple_subscriptions: Type.Optional(editable.allow_multiple_subscriptions),
  }),
  answers: { 201: { description: 'The product.', schema: Product } },
  problems: [SLUG_TAKEN],
});

export const listProducts = endpoint({
  method: 'GET',
  path: '/admin/products',
  operation: 'listProducts',
  tag: TAG,
  summary: 'List products, newest first',
  auth: 'admin',
  query: PageQuery({ q: Type.Optional(SearchText(200, { min: 1 })) }),
  answers: { 200: { description: 'A page of products.', schema: Page(Product) } },
  problems: [],
});

export const readProduct = endpoint({
  method: 'GET',
  path: '/admin/products/:id',
  operation: 'readProduct',
  tag: TAG,
  summary: 'Read a product',
  auth: 'admin',
  params,
  answers: { 200: { description: 'The product.', schema: Product, etag: true } },
  problems: [NOT_FOUND],
});

export const updateProduct = endpoint({
  method: 'PATCH',
  path: '/admin/products/:id',
  operation: 'updateProduct',
  tag: TAG,
  summary: 'Change a product; its type cannot be changed',
  auth: 'admin',
  params,
  body: Type.Partial(Type.Object(editable), { additionalProperties: false }),
  answers: { 200: { description: 'The product.', schema: Product } },
  problems: [NOT_FOUND, SLUG_TAKEN],
});

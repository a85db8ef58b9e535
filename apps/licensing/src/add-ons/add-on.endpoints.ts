import Type, { type Static } from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { Id, Int, Page, PageQuery, Slug, StrictObject, Timestamp } from '#platform/http/schemas';
import { Feature, Value } from '../entitlements/entitlement.schemas.ts';

const TAG = 'Add-ons';
const path = '/admin/products/:id/add-ons';

const editable = {
  slug: Slug,
  value: Value,
  active: Type.Boolean({ description: 'Inactive add-ons cannot be added to more licenses.' }),
  sort_order: Int(-1_000_000, 1_000_000),
};

export const AddOn = StrictObject(
  {
    id: Id('addon'),
    product_id: Id('prod'),
    feature: Feature,
    ...editable,
    created_at: Timestamp,
    updated_at: Timestamp,
  },
  { $id: 'AddOn' },
);
export type AddOn = Static<typeof AddOn>;

const product = StrictObject({ id: Id('prod') });
const one = StrictObject({ id: Id('prod'), add_on_id: Id('addon') });
const PRODUCT_NOT_FOUND = { status: 404, code: 'PRODUCT_NOT_FOUND' };
const NOT_FOUND = { status: 404, code: 'ADD_ON_NOT_FOUND' };
const SLUG_TAKEN = { status: 409, code: 'SLUG_TAKEN' };

export const createAddOn = endpoint({
  method: 'POST',
  path,
  operation: 'createAddOn',
  tag: TAG,
  summary: 'Create an add-on: it adds to a number, or replaces a flag or a text, on the licenses that have it',
  auth: 'admin',
  params: product,
  body: StrictObject({
    slug: editable.slug,
    feature: Feature,
    value: Value,
    active: Type.Optional(editable.active),
    sort_order: Type.Optional(editable.sort_order),
  }),
  answers: { 201: { description: 'The add-on.', schema: AddOn } },
  problems: [PRODUCT_NOT_FOUND, SLUG_TAKEN, { status: 403, code: 'FEATURE_NOT_AVAILABLE' }],
});

export const listAddOns = endpoint({
  method: 'GET',
  path,
  operation: 'listAddOns',
  tag: TAG,
  summary: 'List the add-ons of a product, newest first',
  auth: 'admin',
  params: product,
  query: PageQuery({}),
  answers: { 200: { description: 'A page of add-ons.', schema: Page(AddOn) } },
  problems: [PRODUCT_NOT_FOUND],
});

export const readAddOn = endpoint({
  method: 'GET',
  path: `${path}/:add_on_id`,
  operation: 'readAddOn',
  tag: TAG,
  summary: 'Read an add-on',
  auth: 'admin',
  params: one,
  answers: { 200: { description: 'The add-on.', schema: AddOn, etag: true } },
  problems: [PRODUCT_NOT_FOUND, NOT_FOUND],
});

export const updateAddOn = endpoint({
  method: 'PATCH',
  path: `${path}/:add_on_id`,
  operation: 'updateAddOn',
  tag: TAG,
  summary: 'Change an add-on, also for licenses that already have it',
  auth: 'admin',
  params: one,
  body: Type.Partial(Type.Object(editable), { additionalProperties: false }),
  answers: { 200: { description: 'The add-on.', schema: AddOn } },
  problems: [PRODUCT_NOT_FOUND, NOT_FOUND, SLUG_TAKEN],
});

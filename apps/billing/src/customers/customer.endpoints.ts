import Type, { type Static } from 'typebox';
import { FILE_MEDIA, FileFormat } from '#platform/export/file-format';
import { endpoint } from '#platform/http/endpoint';
import {
  Email,
  Id,
  Int,
  Metadata,
  Nullable,
  Page,
  PageQuery,
  SearchText,
  StrictObject,
  Text,
  Timestamp,
} from '#platform/http/schemas';
import { Currency, ExternalId } from '../schemas.ts';
import { Address, AddressBody, Locale, TaxIds, TaxIdsBody } from './party.schemas.ts';

const TAG = 'Customers';

const fields = {
  external_id: Nullable(ExternalId),
  name: Nullable(SearchText(200, { min: 1 })),
  company: Nullable(SearchText(200, { min: 1 })),
  locale: Nullable(Locale),
  payment_terms_days: Nullable(Int(0, 365)),
  po_number: Nullable(Text(100, { min: 1 })),
  metadata: Metadata,
};

export const Customer = StrictObject(
  {
    id: Id('cus'),
    external_id: fields.external_id,
    email: Nullable(Type.String({ description: 'null once the person was forgotten.' })),
    name: fields.name,
    company: fields.company,
    address: Address,
    tax_ids: TaxIds,
    locale: fields.locale,
    payment_terms_days: fields.payment_terms_days,
    po_number: fields.po_number,
    metadata: Metadata,
    balance: Type.Record(Type.String(), Type.Integer(), {
      additionalProperties: false,
      description: 'Credit in minor units, by currency: later invoices use it.',
      examples: [{ eur: 1200 }],
    }),
    merged_into: Nullable(Id('cus')),
    forgotten_at: Nullable(Timestamp),
    created_at: Timestamp,
  },
  { $id: 'Customer' },
);
export type Customer = Static<typeof Customer>;

const params = StrictObject({ id: Id('cus') });
const body = {
  external_id: Type.Optional(fields.external_id),
  name: Type.Optional(fields.name),
  company: Type.Optional(fields.company),
  address: Type.Optional(AddressBody),
  tax_ids: Type.Optional(TaxIdsBody),
  locale: Type.Optional(fields.locale),
  payment_terms_days: Type.Optional(fields.payment_terms_days),
  po_number: Type.Optional(fields.po_number),
  metadata: Type.Optional(Metadata),
};
const NOT_FOUND = { status: 404, code: 'CUSTOMER_NOT_FOUND' };
const EXISTS = { status: 409, code: 'CUSTOMER_EXISTS' };
const MERGED = { status: 409, code: 'CUSTOMER_MERGED' };
const INVALID = [
  { status: 400, code: 'INVALID_CUSTOMER' },
  { status: 400, code: 'INVALID_TAX_ID' },
];

export const createCustomer = endpoint({
  method: 'POST',
  path: '/admin/customers',
  operation: 'createCustomer',
  tag: TAG,
  summary: 'Create a customer',
  auth: 'billing:write',
  body: StrictObject({ email: Email, ...body }),
  answers: { 201: { description: 'The customer.', schema: Customer } },
  problems: [EXISTS, ...INVALID],
});

export const listCustomers = endpoint({
  method: 'GET',
  path: '/admin/customers',
  operation: 'listCustomers',
  tag: TAG,
  summary: 'List customers, newest first',
  auth: 'billing:write',
  query: PageQuery({
    email: Type.Optional(Email),
    external_id: Type.Optional(ExternalId),
    q: Type.Optional(SearchText(200, { min: 1 })),
    format: Type.Optional(FileFormat),
  }),
  answers: { 200: { description: 'A page of customers.', schema: Page(Customer), files: FILE_MEDIA } },
  problems: [],
});

export const readCustomer = endpoint({
  method: 'GET',
  path: '/admin/customers/:id',
  operation: 'readCustomer',
  tag: TAG,
  summary: 'Read a customer. `merged_into` names the customer that took its place',
  auth: 'billing:write',
  params,
  query: StrictObject({ as_of: Type.Optional(Timestamp) }),
  answers: { 200: { description: 'The customer.', schema: Customer, etag: true } },
  problems: [NOT_FOUND],
});

export const updateCustomer = endpoint({
  method: 'PATCH',
  path: '/admin/customers/:id',
  operation: 'updateCustomer',
  tag: TAG,
  summary: 'Change a customer',
  auth: 'billing:write',
  params,
  body: StrictObject({ email: Type.Optional(Email), ...body }),
  answers: {
    200: {
      description: 'The customer. Address and metadata are merged; tax ids are replaced as a whole.',
      schema: Customer,
    },
  },
  problems: [NOT_FOUND, EXISTS, MERGED, ...INVALID],
});

export const mergeCustomer = endpoint({
  method: 'POST',
  path: '/admin/customers/:id/merge',
  operation: 'mergeCustomer',
  tag: TAG,
  summary: 'Merge a customer into another one, which gets its balance',
  auth: 'billing:write',
  params,
  body: StrictObject({ into: Id('cus') }),
  answers: {
    200: {
      description:
        'The merged customer. Its subscriptions and invoices keep its id; lists of the other one include them.',
      schema: Customer,
    },
  },
  problems: [NOT_FOUND, MERGED, { status: 400, code: 'INVALID_MERGE' }],
});

export const forgetCustomer = endpoint({
  method: 'POST',
  path: '/admin/customers/:id/forget',
  operation: 'forgetCustomer',
  tag: TAG,
  summary: 'Delete the personal data of a customer, and of those that were merged into it',
  auth: 'admin',
  params,
  answers: {
    200: {
      description: 'What stays: finalized invoices keep their buyer for the time that the law asks for.',
      schema: StrictObject({
        customer_id: Id('cus'),
        forgotten_at: Timestamp,
        kept: StrictObject({
          invoices: Type.Integer({ description: 'Finalized invoices.' }),
          buyers_until: Nullable(
            Type.Unsafe<string>({
              ...Timestamp,
              description: 'Then no invoice shows the buyer any more; null = none does.',
            }),
          ),
        }),
      }),
    },
  },
  problems: [NOT_FOUND, MERGED, { status: 409, code: 'CUSTOMER_IN_USE' }],
});

const MOST = 1_000_000_000_000;

export const changeCustomerBalance = endpoint({
  method: 'POST',
  path: '/admin/customers/:id/balance',
  operation: 'changeCustomerBalance',
  tag: TAG,
  summary: 'Give a customer credit, or take it back',
  auth: 'billing:write',
  params,
  body: StrictObject({
    currency: Currency,
    amount: Type.Integer({
      minimum: -MOST,
      maximum: MOST,
      description: 'Minor units that are added; negative takes credit back.',
    }),
    reason: Text(500, { min: 1 }),
  }),
  answers: { 200: { description: 'The customer.', schema: Customer } },
  problems: [
    NOT_FOUND,
    MERGED,
    { status: 400, code: 'UNKNOWN_CURRENCY' },
    { status: 400, code: 'BALANCE_TOO_HIGH' },
    { status: 409, code: 'BALANCE_TOO_LOW' },
  ],
});

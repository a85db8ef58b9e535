import Type from 'typebox';
import { TAX_PROVIDERS } from '#domain/billing/organization/organization';
import { endpoint } from '#platform/http/endpoint';
import { Email, Int, Nullable, SearchText, StrictObject, Text } from '#platform/http/schemas';
import { Address, AddressBody, Locale, TaxIds, TaxIdsBody } from '../customers/party.schemas.ts';
import { Currency } from '../schemas.ts';

const TAG = 'Organization';

const Prefix = Type.String({
  pattern: '^[A-Z0-9]+(?:-[A-Z0-9]+)*$',
  minLength: 1,
  maxLength: 12,
  description: 'Begins the numbers of invoices.',
  examples: ['INV'],
});
const Logo = Nullable(
  Type.String({
    maxLength: 280_000,
    description: 'A PNG or JPEG of at most 200,000 bytes, as a data URL or in base64.',
    examples: [null],
  }),
);
const bank = { iban: Text(42, { min: 5 }), bic: Nullable(Text(14, { min: 8 })), name: Nullable(Text(200, { min: 1 })) };
const Tax = StrictObject({
  provider: Type.Enum([...TAX_PROVIDERS], {
    description:
      '`none`: sales are not subject to tax. `rates`: the table of tax rates, with reverse charge in the EU.',
  }),
});
const fields = {
  legal_name: SearchText(200, { min: 1 }),
  email: Nullable(Email),
  phone: Nullable(Text(50, { min: 3 })),
  invoice_prefix: Prefix,
  footer: Nullable(Text(1000, { min: 1, multiline: true })),
  logo: Logo,
  locale: Type.Unsafe<string>({ ...Locale, description: 'Language of customers that have none, as BCP 47 writes it.' }),
  default_currency: Currency,
  tax: Tax,
  retention_years: Type.Unsafe<number>({
    ...Int(1, 30),
    description: 'Years after the year of an invoice for which its buyer is kept.',
  }),
};

export const Organization = StrictObject(
  {
    legal_name: fields.legal_name,
    address: Address,
    tax_ids: TaxIds,
    email: fields.email,
    phone: fields.phone,
    bank: Nullable(StrictObject(bank)),
    invoice_prefix: Prefix,
    footer: fields.footer,
    logo: Logo,
    locale: fields.locale,
    default_currency: Currency,
    tax: Tax,
    retention_years: fields.retention_years,
  },
  { $id: 'Organization' },
);

export const readOrganization = endpoint({
  method: 'GET',
  path: '/admin/organization',
  operation: 'readOrganization',
  tag: TAG,
  summary: 'Read the organization: the seller on all invoices',
  auth: 'billing:write',
  answers: { 200: { description: 'The organization.', schema: Organization, etag: true } },
  problems: [{ status: 404, code: 'ORGANIZATION_NOT_FOUND' }],
});

export const setOrganization = endpoint({
  method: 'PUT',
  path: '/admin/organization',
  operation: 'setOrganization',
  tag: TAG,
  summary: 'Set the organization as a whole',
  auth: 'admin',
  body: StrictObject({
    legal_name: fields.legal_name,
    address: Type.Optional(AddressBody),
    tax_ids: Type.Optional(TaxIdsBody),
    email: Type.Optional(fields.email),
    phone: Type.Optional(fields.phone),
    bank: Type.Optional(
      Nullable(StrictObject({ iban: bank.iban, bic: Type.Optional(bank.bic), name: Type.Optional(bank.name) })),
    ),
    invoice_prefix: Type.Optional(Prefix),
    footer: Type.Optional(fields.footer),
    logo: Type.Optional(Logo),
    locale: Type.Optional(fields.locale),
    default_currency: Type.Optional(Currency),
    tax: Type.Optional(Tax),
    retention_years: Type.Optional(fields.retention_years),
  }),
  answers: {
    200: { description: 'The organization. Fields that were left out have their defaults.', schema: Organization },
  },
  problems: [
    { status: 400, code: 'INVALID_ORGANIZATION' },
    { status: 400, code: 'INVALID_BANK_ACCOUNT' },
    { status: 400, code: 'INVALID_TAX_ID' },
    { status: 400, code: 'INVALID_CUSTOMER' },
  ],
});

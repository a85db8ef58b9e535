import Type from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { Nullable, StrictObject, Text, Timestamp } from '#platform/http/schemas';
import { DecimalText } from '../schemas.ts';

const TAG = 'Tax rates';

const Country = Type.String({ pattern: '^[A-Z]{2}$', description: 'ISO 3166-1 alpha-2.', examples: ['AT'] });
const Region = Nullable(Text(100, { min: 1 }));
const Rate = Type.Unsafe<string>({ ...DecimalText, description: 'Percent, 0 to 100.', examples: ['20'] });
const Name = Text(50, { min: 1 });

export const TaxRate = StrictObject(
  { country: Country, region: Region, rate: Rate, name: Name, valid_from: Timestamp },
  { $id: 'TaxRate' },
);
const Wanted = StrictObject({
  country: Country,
  region: Type.Optional(
    Type.Unsafe<string | null>({ ...Region, description: 'A state or province, as addresses name it.' }),
  ),
  rate: Rate,
  name: Name,
  valid_from: Timestamp,
});

export const readTaxRates = endpoint({
  method: 'GET',
  path: '/admin/tax-rates',
  operation: 'readTaxRates',
  tag: TAG,
  summary: 'Read the table of tax rates',
  auth: 'billing:write',
  answers: { 200: { description: 'All rates by place, the latest first.', schema: Type.Array(TaxRate) } },
  problems: [],
});

export const setTaxRates = endpoint({
  method: 'PUT',
  path: '/admin/tax-rates',
  operation: 'setTaxRates',
  tag: TAG,
  summary: 'Replace the table of tax rates',
  auth: 'admin',
  body: Type.Array(Wanted, { maxItems: 2000 }),
  answers: { 200: { description: 'All rates by place, the latest first.', schema: Type.Array(TaxRate) } },
  problems: [{ status: 400, code: 'INVALID_TAX_RATE' }],
});

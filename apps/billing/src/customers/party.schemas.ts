import Type from 'typebox';
import { TAX_ID_STATUSES } from '#domain/billing/customer/party';
import { Nullable, StrictObject, Text } from '#platform/http/schemas';

const Line = Nullable(Text(200, { min: 1 }));
const Country = Nullable(
  Type.String({ pattern: '^[A-Z]{2}$', description: 'ISO 3166-1 alpha-2 in upper case.', examples: ['DE'] }),
);
const lines = { line1: Line, line2: Line, city: Line, postal_code: Nullable(Text(20, { min: 1 })), state: Line };

/** An address in an answer: all fields, null where they are not known. */
export const Address = StrictObject({ ...lines, country: Country });

/** An address in a request: fields may be left out. */
export const AddressBody = StrictObject({
  line1: Type.Optional(lines.line1),
  line2: Type.Optional(lines.line2),
  city: Type.Optional(lines.city),
  postal_code: Type.Optional(lines.postal_code),
  state: Type.Optional(lines.state),
  country: Type.Optional(Country),
});

export const TaxIdType = Type.String({
  pattern: '^[a-z]{2}_[a-z0-9_]{1,30}$',
  description:
    '`eu_vat`, `gb_vat`, `ch_vat` and `no_vat` are checked for format and checksum; others are kept as they are.',
  examples: ['eu_vat'],
});

/** Tax ids in an answer. */
export const TaxIds = Type.Array(
  StrictObject({ type: TaxIdType, value: Type.String(), status: Type.Enum([...TAX_ID_STATUSES]) }),
);

/** Tax ids in a request: their status is not the caller's to say. */
export const TaxIdsBody = Type.Array(StrictObject({ type: TaxIdType, value: Text(50, { min: 1 }) }), { maxItems: 10 });

export const Locale = Type.String({
  minLength: 2,
  maxLength: 35,
  description: 'A language as BCP 47 writes it; null = that of the organization.',
  examples: ['de-AT'],
});

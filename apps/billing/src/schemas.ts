import Type from 'typebox';
import { MAX_AMOUNT } from '#domain/billing/price/price.rules';
import { DECIMAL_PATTERN } from '#domain/shared/decimal';

/** An amount that is charged, in minor units of the currency. */
export const Amount = Type.Integer({
  minimum: 0,
  maximum: MAX_AMOUNT,
  description: 'Minor units of the currency, such as cents.',
  examples: [4900],
});

/** A currency by its form; rules check that there is such a currency. */
export const Currency = Type.String({
  pattern: '^[a-z]{3,4}$',
  minLength: 3,
  maxLength: 4,
  description: 'ISO 4217 in lower case, or `sats`.',
  examples: ['eur'],
});

/** A number that is 0 or more, as text: JSON numbers are not exact. */
export const DecimalText = Type.String({ pattern: DECIMAL_PATTERN, maxLength: 29, examples: ['5.5'] });

/** An id of the merchant's own. */
export const ExternalId = Type.String({
  minLength: 1,
  maxLength: 255,
  pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]*$',
});

import { contract, orNull, text } from '../shared/contract.ts';

export const licenseKeyContracts = [
  contract({
    type: 'license.key_rotated',
    service: 'licensing',
    description: 'A licence has another key. The one before does not work any more.',
    fields: {
      product_id: text('The product of the licence.'),
      reason: orNull(text('Why, in the words of whoever did it.')),
    },
    example: { product_id: 'prod_01jd1zx0h8e4rvy2m6k9w3q5tb', reason: 'posted in a forum' },
  }),
];

import { contract, EXAMPLE, orNull, text, time } from '../../shared/contract.ts';

const service = 'licensing';
const subject = EXAMPLE.license;
const product_id = text('The product of the licence.');
const customer_id = text('Whom the licence belongs to. Who that is, the API tells.');
const product = { product_id: EXAMPLE.product };
const customer = { customer_id: 'cus_4zq8k2m6w9r3t5v7x1y0b2c4d6' };

export const licenseTermContracts = [
  contract({
    type: 'license.term_started',
    service,
    subject,
    description: 'The term of a licence that was issued without one began, with its first activation as a rule.',
    fields: {
      product_id,
      started_at: time('When it began.'),
      valid_until: orNull(time('Until when the licence is valid; null = for ever.')),
      updates_until: orNull(time('Until when new releases are included; null = for as long as it works.')),
    },
    example: {
      ...product,
      started_at: '2026-02-03T14:05:00.000Z',
      valid_until: '2027-02-03T14:05:00.000Z',
      updates_until: null,
    },
  }),
  contract({
    type: 'license.trial_started',
    service,
    subject,
    description: 'A customer has got a trial of a product; there is no second one.',
    fields: { product_id, customer_id },
    example: { ...product, ...customer },
  }),
  contract({
    type: 'license.transferred',
    service,
    subject,
    description: 'A licence belongs to somebody else. Its key and, unless told apart, its activations stay.',
    fields: {
      product_id,
      customer_id,
      previous_customer_id: text('Whom it belonged to before; the same when only the organisation is another.'),
      external_customer_id: orNull(text('The customer in the merchant’s own books.')),
      external_workspace_id: orNull(text('The workspace in the merchant’s own books.')),
      reason: orNull(text('Why, in the words of whoever did it.')),
    },
    example: {
      ...product,
      ...customer,
      previous_customer_id: 'cus_1aq8k2m6w9r3t5v7x1y0b2c4d6',
      external_customer_id: 'crm-2093',
      external_workspace_id: null,
      reason: 'sold with the business',
    },
  }),
];

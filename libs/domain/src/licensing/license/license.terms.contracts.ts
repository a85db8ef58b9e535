import Type from 'typebox';
import { contract, EXAMPLE, orNull, text, time } from '../../shared/contract.ts';

const service = 'licensing';
const subject = EXAMPLE.license;
const product_id = text('The product of the license.');
const customer_id = text('The customer that owns the license. The API has the details of the person.');
const product = { product_id: EXAMPLE.product };
const customer = { customer_id: 'cus_4zq8k2m6w9r3t5v7x1y0b2c4d6' };

export const licenseTermContracts = [
  contract({
    type: 'license.term_started',
    service,
    subject,
    description: 'The waiting term of a license began, usually with the first activation.',
    fields: {
      product_id,
      started_at: time('When it began.'),
      valid_until: orNull(time('Until when the license is valid; null = no end.')),
      term_anchor: Type.Optional(orNull(time('The ends of its terms are counted from here.'))),
      updates_until: orNull(time('Until when new releases are included; null = for as long as it works.')),
    },
    example: {
      ...product,
      started_at: '2026-02-03T14:05:00.000Z',
      valid_until: '2027-02-03T14:05:00.000Z',
      term_anchor: '2026-02-03T14:05:00.000Z',
      updates_until: null,
    },
  }),
  contract({
    type: 'license.trial_started',
    service,
    subject,
    description: 'A customer has used the one trial of a product.',
    fields: { product_id, customer_id },
    example: { ...product, ...customer },
  }),
  contract({
    type: 'license.transferred',
    service,
    subject,
    description:
      'A license has another owner. Its key stays; its activations stay unless they are released by events of their own.',
    fields: {
      product_id,
      customer_id,
      previous_customer_id: text('The customer that owned it before; the same if only the organization changed.'),
      external_customer_id: orNull(text('The customer in the merchant’s own system.')),
      external_workspace_id: orNull(text('The workspace in the merchant’s own system.')),
      reason: orNull(text('The reason that was given.')),
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

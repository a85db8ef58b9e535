import Type from 'typebox';
import { contract, EXAMPLE, orNull, text, time } from '../../shared/contract.ts';

const service = 'licensing';
const product_id = text('The product of the batch.');
const batch_id = text('The batch.');
const subject = 'batch_01jd22m5q7s9v1x3z5b7d9f1h3';
const example = { product_id: EXAMPLE.product, batch_id: subject };

export const keyBatchContracts = [
  contract({
    type: 'key_batch.created',
    service,
    subject,
    description: 'A batch of redemption codes was created.',
    fields: {
      product_id,
      batch_id,
      plan_id: text('The plan that its codes are redeemed for.'),
      name: text('The name that the merchant gave it.'),
      count: Type.Integer({ description: 'How many codes it has.' }),
      redeem_until: orNull(time('Its codes can be redeemed until this time; null = no limit.')),
    },
    example: {
      ...example,
      plan_id: EXAMPLE.plan,
      name: 'Boxes, spring 2026',
      count: 500,
      redeem_until: null,
    },
  }),
  contract({
    type: 'key_batch.code_redeemed',
    service,
    subject,
    description: 'A code was redeemed for a license.',
    fields: {
      product_id,
      batch_id,
      number: Type.Integer({ description: 'The position of the code in the batch, from 1.' }),
      license_id: text('The license.'),
    },
    example: { ...example, number: 17, license_id: EXAMPLE.license },
  }),
  contract({
    type: 'key_batch.voided',
    service,
    subject,
    description: 'The remaining codes of a batch can no longer be redeemed.',
    fields: { product_id, batch_id, reason: orNull(text('The reason, as free text from the caller.')) },
    example: { ...example, reason: 'the boxes were stolen' },
  }),
];

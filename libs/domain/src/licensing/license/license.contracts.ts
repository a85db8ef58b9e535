import Type from 'typebox';
import { contract, EXAMPLE, orNull, text, time } from '../../shared/contract.ts';
import { IDENTIFIER_TYPES, LICENSE_STATUSES } from './license.ts';

const service = 'licensing';
const subject = EXAMPLE.license;
const product_id = text('The product of the license.');
const plan_id = text('The plan of the license.');
const customer_id = text('The customer that owns the license. The API has the details of the person.');
const status = Type.Enum([...LICENSE_STATUSES], { description: 'The status of the license now.' });
const reason = orNull(text('The reason that was given.'));
const valid_from = time('From when the license is valid.');
const valid_until = orNull(time('Until when it is valid; null = no end.'));
const updates_until = Type.Optional(
  orNull(time('Until when new releases are included; null = for as long as it works.')),
);
const term_anchor = Type.Optional(
  orNull(time('The ends of its terms are counted from here; null while the term waits for the first activation.')),
);
const external_customer_id = orNull(text('The customer in the merchant’s own system.'));
const external_workspace_id = orNull(text('The workspace in the merchant’s own system.'));
const subscription_id = Type.Optional(orNull(text('The subscription that gives the license its term; null = none.')));
const payment_provider = Type.Optional(
  orNull(text('How it is paid: `stripe`, `bank_transfer`, `grant`, …; null = it was not sold.')),
);
const quantity = Type.Optional(
  orNull(Type.Integer({ minimum: 1, description: 'Units: the maxima of the plan are multiplied by it; null = 1.' })),
);
const invoice_id = Type.Optional(orNull(text('The invoice that the license was bought with once; null = none.')));
const activation_id = text('The activation.');
const identifier_hash = text('Base64url SHA-256 of the identifier of the device or user.');

const product = { product_id: EXAMPLE.product };
const plan = { ...product, plan_id: EXAMPLE.plan };
const year = {
  valid_from: '2026-01-31T09:00:00.000Z',
  valid_until: '2027-01-31T09:00:00.000Z',
  term_anchor: '2026-01-31T09:00:00.000Z',
  updates_until: null,
};
const hash = 'n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg';

export const licenseContracts = [
  contract({
    type: 'license.created',
    service,
    subject,
    description: 'A license was issued.',
    fields: {
      product_id,
      plan_id,
      customer_id,
      external_customer_id,
      external_workspace_id,
      status,
      valid_from,
      valid_until,
      term_anchor,
      updates_until,
      subscription_id,
      payment_provider,
      invoice_id,
      quantity,
    },
    example: {
      ...plan,
      customer_id: 'cus_4zq8k2m6w9r3t5v7x1y0b2c4d6',
      external_customer_id: 'crm-1881',
      external_workspace_id: null,
      status: 'active',
      ...year,
      subscription_id: 'sub_01jd30c2d4e6f8g1h3j5k7m9np',
      payment_provider: 'bank_transfer',
      invoice_id: null,
      quantity: 1,
    },
  }),
  contract({
    type: 'license.renewed',
    service,
    subject,
    description: 'A license has a new term.',
    fields: { product_id, plan_id, status, valid_from, valid_until, term_anchor, updates_until },
    example: { ...plan, status: 'active', ...year },
  }),
  contract({
    type: 'license.past_due',
    service,
    subject,
    description: 'The term of a license has ended and its grace period has begun: it still works.',
    fields: {
      product_id,
      valid_until: time('The end of the term.'),
      grace_until: time('The end of the grace period.'),
      past_due_at: Type.Optional(orNull(time('Since when a payment is missing; null = since `valid_until`.'))),
    },
    example: {
      ...product,
      valid_until: year.valid_until,
      grace_until: '2027-02-07T09:00:00.000Z',
      past_due_at: year.valid_until,
    },
  }),
  contract({
    type: 'license.expired',
    service,
    subject,
    description: 'Term and grace period of a license are over: it no longer works.',
    fields: { product_id, valid_until: time('The end of the term.') },
    example: { ...product, valid_until: year.valid_until },
  }),
  contract({
    type: 'license.canceled',
    service,
    subject,
    description: 'A license was canceled: it works until valid_until, and is not renewed.',
    fields: { product_id, reason, valid_until: time('Until when it works.') },
    example: { ...product, reason: 'requested by the customer', valid_until: year.valid_until },
  }),
  contract({
    type: 'license.suspended',
    service,
    subject,
    description: 'A license was suspended: it does not work until it is reinstated.',
    fields: { product_id, reason },
    example: { ...product, reason: 'chargeback' },
  }),
  contract({
    type: 'license.reinstated',
    service,
    subject,
    description: 'A suspended license was reinstated, with the status that its term has now.',
    fields: { product_id, reason, status },
    example: { ...product, reason: null, status: 'active' },
  }),
  contract({
    type: 'license.revoked',
    service,
    subject,
    description: 'A license was revoked permanently.',
    fields: { product_id, reason },
    example: { ...product, reason: 'refunded' },
  }),
  contract({
    type: 'license.quantity_changed',
    service,
    subject,
    description: 'A license has another number of units: the maxima of its plan are multiplied by it.',
    fields: {
      product_id,
      quantity: Type.Integer({ minimum: 1 }),
      previous_quantity: Type.Integer({ minimum: 1 }),
    },
    example: { ...product, quantity: 5, previous_quantity: 3 },
  }),
  contract({
    type: 'plan.changed',
    service,
    subject,
    description: 'A license was put on another plan. The subject is the license.',
    fields: {
      product_id,
      plan_id,
      previous_plan_id: text('The plan before.'),
      reason,
      status,
      valid_from,
      valid_until,
      term_anchor,
      updates_until,
    },
    example: { ...plan, previous_plan_id: 'plan_01jd1zv8a2d4gqh6j9k1m3n5p7', reason: null, status: 'active', ...year },
  }),
  contract({
    type: 'activation.added',
    service,
    subject,
    description: 'A device or a user was activated. The subject is the license.',
    fields: { product_id, activation_id, identifier_type: Type.Enum([...IDENTIFIER_TYPES]), identifier_hash },
    example: {
      ...product,
      activation_id: 'act_01jd201b7r9t2v4x6z8a0c2e4g',
      identifier_type: 'device',
      identifier_hash: hash,
    },
  }),
  contract({
    type: 'activation.removed',
    service,
    subject,
    description: 'An activation was released. The subject is the license.',
    fields: {
      product_id,
      activation_id,
      identifier_hash,
      reason: Type.Enum(['client', 'operator']),
      unseen: Type.Optional(
        orNull(Type.Boolean({ description: 'It was not verified within the days that the plan allows.' })),
      ),
    },
    example: {
      ...product,
      activation_id: 'act_01jd201b7r9t2v4x6z8a0c2e4g',
      identifier_hash: hash,
      reason: 'client',
      unseen: null,
    },
  }),
];

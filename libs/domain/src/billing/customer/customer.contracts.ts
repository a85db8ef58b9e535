import Type from 'typebox';
import { contract, orNull, text, time } from '../../shared/contract.ts';
import { BILLING_EXAMPLE } from '../billing-example.ts';

const service = 'billing';
const subject = BILLING_EXAMPLE.customer;
const product_id = orNull(text('Always null: a customer may buy any product.'));
const external_id = orNull(text('The merchant’s own id of the customer.'));
const locale = orNull(text('BCP 47; null = that of the organization.'));
const balances = Type.Record(Type.String(), Type.Integer(), { description: 'Minor units by currency.' });

/** Personal data is not published: the API has it. */
export const customerContracts = [
  contract({
    type: 'customer.created',
    service,
    subject,
    description: 'A customer was created. The API has the details of the person.',
    fields: { product_id, external_id, locale, created_at: time('When it was created.') },
    example: { product_id: null, external_id: 'acme', locale: 'de', created_at: '2026-01-31T09:00:00.000Z' },
  }),
  contract({
    type: 'customer.updated',
    service,
    subject,
    description: 'A customer was changed. The API has the new values.',
    fields: { product_id, updated: Type.Array(Type.String(), { description: 'Names of the fields that changed.' }) },
    example: { product_id: null, updated: ['company', 'address'] },
  }),
  contract({
    type: 'customer.balance_changed',
    service,
    subject,
    description: 'The credit balance of a customer changed.',
    fields: {
      product_id,
      currency: text('ISO 4217 in lower case, or `sats`.'),
      amount: Type.Integer({ description: 'Minor units that were added; negative if the balance was used.' }),
      balance: Type.Integer({ minimum: 0, description: 'Minor units after the change.' }),
      reason: text('Why.'),
      source: text('What caused it: a source changes a balance once.'),
      changed_at: time('When.'),
    },
    example: {
      product_id: null,
      currency: 'eur',
      amount: 1200,
      balance: 1200,
      reason: 'overpayment',
      source: BILLING_EXAMPLE.payment,
      changed_at: '2026-01-31T09:00:00.000Z',
    },
  }),
  contract({
    type: 'customer.merged',
    service,
    subject,
    description:
      'A customer was merged into another one. Its subscriptions and invoices keep its id; its balances move to the other one.',
    fields: {
      product_id,
      into: text('The other customer.'),
      balances,
      merged_at: time('When.'),
    },
    example: {
      product_id: null,
      into: 'cus_5yq8k2m6w9r3t5v7x1y0b2c4d6',
      balances: { eur: 1200 },
      merged_at: '2026-01-31T09:00:00.000Z',
    },
  }),
  contract({
    type: 'customer.forgotten',
    service,
    subject,
    description: 'The personal data of a customer was deleted. Delete what you keep of the person.',
    fields: {
      product_id,
      customer_id: text('The customer.'),
      person_ids: Type.Array(Type.String(), {
        description: 'Ids of the person in other services, which derive them from the addresses that it had.',
      }),
      forgotten_at: time('When.'),
    },
    example: {
      product_id: null,
      customer_id: BILLING_EXAMPLE.customer,
      person_ids: [BILLING_EXAMPLE.customer],
      forgotten_at: '2026-01-31T09:00:00.000Z',
    },
  }),
];

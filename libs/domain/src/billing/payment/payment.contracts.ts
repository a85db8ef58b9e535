import Type from 'typebox';
import { contractsOf, orNull, text, time } from '../../shared/contract.ts';
import { BILLING_EXAMPLE } from '../billing-example.ts';

const minor = (description: string) => Type.Integer({ description: `${description} Minor units of the currency.` });

/** What every event says of its payment. */
const fields = {
  invoice_id: text('The invoice that it pays.'),
  product_id: orNull(text('The product; null if the invoice is for several products, or for none.')),
  customer_id: text('The customer. The API has the details of the person.'),
  subscription_id: orNull(text('The subscription that is charged; null for a one-off invoice.')),
  attempt: Type.Integer({ minimum: 0, description: 'Which attempt to pay the invoice it is; 0 is the first.' }),
  provider: text('The provider, or `manual` for a payment that an operator entered.'),
  currency: text('ISO 4217 in lower case, or `sats`.'),
  amount: minor('The amount.'),
};
const on = {
  invoice_id: BILLING_EXAMPLE.invoice,
  product_id: BILLING_EXAMPLE.product,
  customer_id: BILLING_EXAMPLE.customer,
  subscription_id: BILLING_EXAMPLE.subscription,
  attempt: 0,
  provider: 'hyperswitch',
  currency: 'eur',
  amount: 1_190,
};

const of = contractsOf({ name: 'payment', service: 'billing', subject: BILLING_EXAMPLE.payment, fields, example: on });

/** The events of payments that are published. */
export const paymentContracts = [
  of(
    'requires_action',
    'The customer has to act, for example to confirm the payment at the bank.',
    { observed_at: time('When the provider said so.') },
    { observed_at: '2026-01-31T09:00:00.000Z' },
  ),
  of(
    'succeeded',
    'A payment arrived. `amount` and `currency` are those that arrived.',
    { paid_at: time('When it was paid.'), method: text('The provider, or what the operator entered.') },
    { paid_at: '2026-01-31T09:00:00.000Z', method: 'hyperswitch' },
  ),
  of(
    'failed',
    'A payment failed.',
    {
      error: text('The reason, as the provider names it.'),
      final: Type.Boolean({ description: 'This payment cannot succeed any more.' }),
    },
    { error: 'card_declined', final: true },
  ),
  of(
    'refunded',
    'A payment was given back, in full or in part.',
    {
      refund_id: text('The refund.'),
      refunded: minor('What this refund gave back.'),
      amount_refunded: minor('The sum of all refunds.'),
      full: Type.Boolean({ description: 'All of the payment was given back.' }),
    },
    { refund_id: 'ref_01jd30h7j9k2m4n6p8q1r3s5tv', refunded: 1_190, amount_refunded: 1_190, full: true },
  ),
];

import Type from 'typebox';
import { contract, orNull, text, time } from '../../shared/contract.ts';
import { BILLING_EXAMPLE } from '../billing-example.ts';
import { DISCOUNT_DURATIONS } from '../subscription/subscription.discount.ts';

const service = 'billing';
const subject = BILLING_EXAMPLE.coupon;
const no_product = orNull(text('Always null: a coupon may be for plans of any product.'));
const product_id = text('The product of the subscription.');
const most = (description: string) => orNull(Type.Integer({ minimum: 1, description }));
const editable = {
  name: text('Its name, as invoices show it.'),
  active: Type.Boolean({ description: 'It can be redeemed.' }),
  redeem_by: orNull(time('It cannot be redeemed from then on.')),
  max_redemptions: most('Redemptions at most; null = no limit.'),
};
const subscription_id = text('The subscription that gets the discount.');
const customer_id = text('Its customer.');

/** Codes are not published, since knowing a code is enough to redeem it. */
export const couponContracts = [
  contract({
    type: 'coupon.created',
    service,
    subject,
    description: 'A coupon was created. The API has its codes.',
    fields: {
      product_id: no_product,
      percent_off: orNull(text('Percent, as a decimal; null = an amount.')),
      amount_off: orNull(Type.Integer({ minimum: 1, description: 'Minor units; null = a percentage.' })),
      currency: orNull(text('Of the amount.')),
      duration: Type.Enum([...DISCOUNT_DURATIONS]),
      months: most('Months of a repeating discount.'),
      plans: orNull(Type.Array(Type.String(), { description: 'Plans that it is for; null = all.' })),
      max_per_customer: most('Redemptions by one customer at most; null = no limit.'),
      first_time_only: Type.Boolean({ description: 'Only for customers that have bought nothing yet.' }),
      ...editable,
    },
    example: {
      product_id: null,
      percent_off: '20',
      amount_off: null,
      currency: null,
      duration: 'repeating',
      months: 3,
      plans: [BILLING_EXAMPLE.plan],
      max_per_customer: 1,
      first_time_only: true,
      name: 'Launch',
      active: true,
      redeem_by: '2026-12-31T23:59:59.000Z',
      max_redemptions: 100,
    },
  }),
  contract({
    type: 'coupon.updated',
    service,
    subject,
    description: 'A coupon was changed; `changes` holds the fields that differ. New codes are not among them.',
    fields: { product_id: no_product, changes: Type.Partial(Type.Object(editable)) },
    example: { product_id: null, changes: { active: false } },
  }),
  contract({
    type: 'coupon.redeemed',
    service,
    subject,
    description: 'A subscription got the discount of a coupon.',
    fields: {
      product_id,
      plan_id: text('The plan.'),
      subscription_id,
      customer_id,
      redeemed_at: time('When.'),
    },
    example: {
      product_id: BILLING_EXAMPLE.product,
      plan_id: BILLING_EXAMPLE.plan,
      subscription_id: BILLING_EXAMPLE.subscription,
      customer_id: BILLING_EXAMPLE.customer,
      redeemed_at: '2026-01-31T09:00:00.000Z',
    },
  }),
  contract({
    type: 'coupon.released',
    service,
    subject,
    description: 'A redemption does not count any more: its subscription never started.',
    fields: { product_id, subscription_id, customer_id },
    example: {
      product_id: BILLING_EXAMPLE.product,
      subscription_id: BILLING_EXAMPLE.subscription,
      customer_id: BILLING_EXAMPLE.customer,
    },
  }),
];

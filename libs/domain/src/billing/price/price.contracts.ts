import Type from 'typebox';
import { contract, orNull, text } from '../../shared/contract.ts';
import { BILLING_EXAMPLE } from '../billing-example.ts';
import { AGGREGATIONS, PRICE_INTERVALS, TAX_BEHAVIORS, TIERS_MODES } from './price.terms.ts';

const service = 'billing';
const subject = BILLING_EXAMPLE.price;
const amount = (description: string) => Type.Integer({ minimum: 0, description });
const of = {
  product_id: text('The product that the plan sells.'),
  plan_id: text('The plan that it prices.'),
};
const labels = {
  active: Type.Boolean({ description: 'It is sold.' }),
  nickname: orNull(text('A name for the merchant’s own people.')),
  lookup_key: orNull(text('A name by which programs find the price.')),
};
const tier = Type.Object({
  up_to: orNull(Type.Integer({ minimum: 1, description: 'The last unit of the tier; null = no end.' })),
  unit_amount: Type.Union([Type.Integer({ minimum: 0 }), Type.String()], {
    description: 'Minor units for each unit; fractions of them are a decimal as text.',
  }),
  flat_amount: amount('Minor units, once, if the tier is reached.'),
});
const usage = Type.Object(
  {
    feature: text('The feature whose recorded usage is charged.'),
    aggregation: Type.Enum([...AGGREGATIONS]),
    tiers: orNull(Type.Array(tier)),
    tiers_mode: Type.Enum([...TIERS_MODES]),
    package_size: orNull(Type.Integer({ minimum: 1, description: 'Units in a package; null = single units.' })),
  },
  { description: 'How usage is charged, in arrears.' },
);

export const priceContracts = [
  contract({
    type: 'price.created',
    service,
    subject,
    description: 'A price of a plan was created. What it says never changes.',
    fields: {
      ...of,
      amount: amount('Minor units of the currency, for one unit and interval.'),
      currency: text('ISO 4217 in lower case, or `sats`.'),
      interval: orNull(Type.Enum([...PRICE_INTERVALS], { description: 'null = paid once.' })),
      interval_count: Type.Integer({ minimum: 1, description: 'Intervals in a period.' }),
      tax_behavior: Type.Enum([...TAX_BEHAVIORS], { description: 'Whether the amount contains tax.' }),
      trial_days: Type.Integer({ minimum: 0 }),
      usage: orNull(usage),
      setup_amount: amount('Charged once, with the first invoice.'),
      ...labels,
    },
    example: {
      product_id: BILLING_EXAMPLE.product,
      plan_id: BILLING_EXAMPLE.plan,
      amount: 4900,
      currency: 'eur',
      interval: 'month',
      interval_count: 1,
      tax_behavior: 'exclusive',
      trial_days: 14,
      usage: null,
      setup_amount: 0,
      active: true,
      nickname: 'Pro, monthly',
      lookup_key: 'pro-monthly',
    },
  }),
  contract({
    type: 'price.updated',
    service,
    subject,
    description: 'A price was renamed, or is sold or not sold from now on; `changes` holds the fields that differ.',
    fields: { ...of, changes: Type.Partial(Type.Object(labels)) },
    example: { product_id: BILLING_EXAMPLE.product, plan_id: BILLING_EXAMPLE.plan, changes: { active: false } },
  }),
];

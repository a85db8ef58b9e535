import Type from 'typebox';
import { contract, EXAMPLE, orNull, text } from '../../shared/contract.ts';
import { OVERAGES, QUOTA_PERIODS, VALUE_TYPES } from './entitlement.ts';

const service = 'licensing';
const product_id = text('The product.');
const feature = text('The feature.');
const value = Type.Union([Type.Boolean(), Type.Integer(), Type.String(), Type.Null()], {
  description: 'A value of the entitlement’s type; null = unlimited.',
});
const definition = {
  feature,
  value_type: Type.Enum([...VALUE_TYPES]),
  value,
  quota_period: orNull(Type.Enum([...QUOTA_PERIODS])),
  quota_unit: orNull(text('What is counted.')),
  stripe_meter_event_name: orNull(text('The meter at Stripe that its usage is reported to.')),
  overage: Type.Enum([...OVERAGES], { description: 'How far above the limit a quota may be used.' }),
};
const addOn = {
  slug: text('Its name within the product.'),
  value,
  active: Type.Boolean({ description: 'It can be enabled for more licenses.' }),
  sort_order: Type.Integer(),
};
const add_on_id = text('The add-on.');

const product = { product_id: EXAMPLE.product };
const quota = {
  feature: 'api_calls',
  value_type: 'quota' as const,
  value: 10_000,
  quota_period: 'monthly' as const,
  quota_unit: 'calls',
  stripe_meter_event_name: null,
  overage: '1.25' as const,
};
const anAddOn = { add_on_id: 'addon_01jd1zy8h2e4rvy2m6k9w3q5tb' };

/** What plans, add-ons and single licenses say about features. */
export const entitlementContracts = [
  contract({
    type: 'plan.entitlement_set',
    service,
    subject: EXAMPLE.plan,
    description: 'A plan has a new entitlement, or a new value for one.',
    fields: { product_id, ...definition },
    example: { ...product, ...quota },
  }),
  contract({
    type: 'plan.entitlement_removed',
    service,
    subject: EXAMPLE.plan,
    description: 'An entitlement was removed from a plan.',
    fields: { product_id, feature },
    example: { ...product, feature: 'api_calls' },
  }),
  contract({
    type: 'add_on.created',
    service,
    subject: anAddOn.add_on_id,
    description: 'An add-on was created.',
    fields: { product_id, feature, ...addOn },
    example: {
      ...product,
      feature: 'api_calls',
      slug: 'more-calls',
      value: 5_000,
      active: true,
      sort_order: 0,
    },
  }),
  contract({
    type: 'add_on.updated',
    service,
    subject: anAddOn.add_on_id,
    description: 'An add-on was changed; `changes` holds the new values of the fields that differ.',
    fields: { product_id, changes: Type.Partial(Type.Object(addOn, { additionalProperties: false })) },
    example: { ...product, changes: { value: 7_500 } },
  }),
  contract({
    type: 'license.add_on_enabled',
    service,
    subject: EXAMPLE.license,
    description: 'An add-on was enabled for a license.',
    fields: { product_id, add_on_id },
    example: { ...product, ...anAddOn },
  }),
  contract({
    type: 'license.add_on_disabled',
    service,
    subject: EXAMPLE.license,
    description: 'An add-on was disabled for a license.',
    fields: { product_id, add_on_id },
    example: { ...product, ...anAddOn },
  }),
  contract({
    type: 'license.entitlement_overridden',
    service,
    subject: EXAMPLE.license,
    description: 'A license has an entitlement of its own. It replaces what its plan and add-ons say.',
    fields: { product_id, ...definition },
    example: { ...product, ...quota, value: 25_000 },
  }),
  contract({
    type: 'license.entitlement_restored',
    service,
    subject: EXAMPLE.license,
    description: 'A license has no entitlement of its own for a feature any more: its plan and add-ons apply again.',
    fields: { product_id, feature },
    example: { ...product, feature: 'api_calls' },
  }),
];

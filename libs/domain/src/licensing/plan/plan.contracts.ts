import Type from 'typebox';
import { contract, EXAMPLE, orNull, text } from '../../shared/contract.ts';
import { BILLING_INTERVALS } from './billing-interval.ts';
import { ACTIVATION_DEFAULTS, BOUND_IDENTITIES } from './plan.activation-rules.ts';
import {
  ACTIVATE_ON,
  BILLING_POLICY_DEFAULTS,
  DISPUTE_POLICIES,
  END_POLICIES,
  LATE_PAYMENT_POLICIES,
  PAUSE_POLICIES,
  REFUND_POLICIES,
} from './plan.billing-policies.ts';
import { RENEWAL_BASES, TERM_STARTS } from './plan.term-rules.ts';
import { LICENSE_MODELS, LICENSE_TYPES } from './plan.ts';

const service = 'licensing';
const subject = EXAMPLE.plan;
const product_id = text('The product that the plan sells.');
const most = (of: string) => orNull(Type.Integer({ minimum: 0, description: `${of} at most; null = unlimited.` }));
const policy = (values: readonly string[], description: string) =>
  Type.Optional(orNull(Type.Enum([...values], { description })));
const fields = {
  name: text('The display name.'),
  slug: text('Its name within the product.'),
  license_type: Type.Enum([...LICENSE_TYPES]),
  license_model: Type.Enum([...LICENSE_MODELS]),
  billing_interval: orNull(Type.Enum([...BILLING_INTERVALS])),
  max_activations: most('Activations'),
  max_seats: most('Seats'),
  trial_days: Type.Integer({ minimum: 0 }),
  grace_days: Type.Integer({ minimum: 0 }),
  floating_timeout: Type.Integer({ minimum: 1, description: 'Minutes.' }),
  max_borrow_days: Type.Optional(
    orNull(Type.Integer({ minimum: 0, description: 'Days for which a floating session may be borrowed; null = 0.' })),
  ),
  sort_order: Type.Integer(),
  active: Type.Boolean({ description: 'It is sold.' }),
  term_starts: Type.Optional(
    orNull(Type.Enum([...TERM_STARTS], { description: 'When the term of its licenses begins; null = at issue.' })),
  ),
  renewal_from: Type.Optional(
    orNull(Type.Enum([...RENEWAL_BASES], { description: 'What renewals are counted from; null = from expiry.' })),
  ),
  updates_days: Type.Optional(
    orNull(Type.Integer({ minimum: 0, description: 'Days for which new releases are included; null = no end.' })),
  ),
  fingerprint_lock: Type.Optional(orNull(Type.Boolean({ description: 'The first device or user binds a license.' }))),
  bound_identity: Type.Optional(
    orNull(Type.Enum([...BOUND_IDENTITIES], { description: 'What the first use binds a license to; null = nothing.' })),
  ),
  activation_ttl_days: Type.Optional(
    orNull(
      Type.Integer({ minimum: 1, description: 'Days after which an unseen activation is released; null = never.' }),
    ),
  ),
  max_deactivations: Type.Optional(
    orNull(
      Type.Integer({ minimum: 0, description: 'Activations that apps may release in a period; null = no limit.' }),
    ),
  ),
  deactivation_period_days: Type.Optional(orNull(Type.Integer({ minimum: 1, description: 'The period, in days.' }))),
  activate_on: policy(ACTIVATE_ON, 'When a subscription that is paid by invoice begins; null = payment.'),
  end_policy: policy(END_POLICIES, 'What happens to a license when its subscription has ended; null = expire.'),
  refund_policy: policy(REFUND_POLICIES, 'What happens to a license whose payment is refunded in full; null = revoke.'),
  dispute_policy: policy(DISPUTE_POLICIES, 'What happens to a license whose payment is disputed; null = suspend.'),
  pause_policy: policy(PAUSE_POLICIES, 'What happens to a license while its subscription is paused; null = suspend.'),
  late_payment_policy: policy(
    LATE_PAYMENT_POLICIES,
    'What a payment does that arrives after the end of its subscription; null = reactivate.',
  ),
};

export const planContracts = [
  contract({
    type: 'plan.created',
    service,
    subject,
    description: 'A plan was created.',
    fields: { product_id, checkout_id: text('Names the plan in checkout addresses.'), ...fields },
    example: {
      product_id: EXAMPLE.product,
      checkout_id: 'pro-yearly-4f7k2m',
      name: 'Pro, yearly',
      slug: 'pro-yearly',
      license_type: 'subscription',
      license_model: 'standard',
      billing_interval: 'year',
      max_activations: 3,
      max_seats: null,
      trial_days: 14,
      grace_days: 7,
      floating_timeout: 30,
      max_borrow_days: 0,
      sort_order: 0,
      active: true,
      term_starts: 'issue',
      renewal_from: 'from_expiry',
      updates_days: null,
      ...ACTIVATION_DEFAULTS,
      ...BILLING_POLICY_DEFAULTS,
    },
  }),
  contract({
    type: 'plan.updated',
    service,
    subject,
    description: 'A plan was changed; `changes` holds the new values of the fields that differ.',
    fields: { product_id, changes: Type.Partial(Type.Object(fields, { additionalProperties: false })) },
    example: { product_id: EXAMPLE.product, changes: { max_activations: 5 } },
  }),
  contract({
    type: 'plan.deleted',
    service,
    subject,
    description: 'A plan that nothing used was deleted. Its entitlements were removed before.',
    fields: { product_id },
    example: { product_id: EXAMPLE.product },
  }),
];

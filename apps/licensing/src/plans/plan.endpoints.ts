import Type, { type Static } from 'typebox';
import { BILLING_INTERVALS } from '#domain/licensing/plan/billing-interval';
import { LICENSE_MODELS, LICENSE_TYPES } from '#domain/licensing/plan/plan';
import { KEPT_DEACTIVATIONS } from '#domain/licensing/license/license';
import { BOUND_IDENTITIES } from '#domain/licensing/plan/plan.activation-rules';
import {
  ACTIVATE_ON,
  DISPUTE_POLICIES,
  END_POLICIES,
  LATE_PAYMENT_POLICIES,
  PAUSE_POLICIES,
  REFUND_POLICIES,
} from '#domain/licensing/plan/plan.billing-policies';
import { RENEWAL_BASES, TERM_STARTS } from '#domain/licensing/plan/plan.term-rules';
import { endpoint } from '#platform/http/endpoint';
import {
  Id,
  Int,
  Limit,
  Nullable,
  Page,
  PageQuery,
  SearchText,
  Slug,
  StrictObject,
  Timestamp,
} from '#platform/http/schemas';

const TAG = 'Plans';

const Days = Int(0, 3650);

const editable = {
  name: SearchText(200, { min: 1 }),
  slug: Slug,
  license_type: Type.Enum([...LICENSE_TYPES]),
  license_model: Type.Enum([...LICENSE_MODELS]),
  billing_interval: Nullable(Type.Enum([...BILLING_INTERVALS])),
  max_activations: Limit,
  max_seats: Limit,
  trial_days: Days,
  grace_days: Days,
  floating_timeout: Type.Integer({ minimum: 1, maximum: 43_200, description: 'Minutes.' }),
  max_borrow_days: Type.Integer({
    minimum: 0,
    maximum: 31,
    description: 'Days for which a floating session may be borrowed, to work offline; 0 = not at all.',
  }),
  sort_order: Int(-1_000_000, 1_000_000),
  active: Type.Boolean({ description: 'Inactive plans are not sold.' }),
  term_starts: Type.Enum([...TERM_STARTS], {
    description:
      'When the term of a license begins. `first_activation` needs activations, and a plan that is not floating; until then the license works, and `valid_until` is null.',
  }),
  renewal_from: Type.Enum([...RENEWAL_BASES], {
    description:
      '`from_expiry`: the next term follows the present one while the license works, grace included, and is counted from the same anchor. `from_now`: it begins with the renewal, which is the new anchor.',
  }),
  updates_days: Type.Union([Days, Type.Null()], {
    description:
      'Days for which new releases are included, from the beginning of the term; null = as long as the license works.',
  }),
  fingerprint_lock: Type.Boolean({
    description:
      'The first device or user binds the license; others are FINGERPRINT_MISMATCH until the binding is undone.',
  }),
  bound_identity: Nullable(
    Type.Enum([...BOUND_IDENTITIES], {
      description: 'The first use binds the license to the `identity` it names; others are IDENTITY_MISMATCH.',
    }),
  ),
  activation_ttl_days: Nullable(
    Type.Integer({
      minimum: 1,
      maximum: 3650,
      description: 'Days after which an activation that was not verified is released; null = never.',
    }),
  ),
  max_deactivations: Nullable(
    Type.Integer({
      minimum: 0,
      maximum: KEPT_DEACTIVATIONS,
      description: 'How often apps may release activations within `deactivation_period_days`; null = unlimited.',
    }),
  ),
  deactivation_period_days: Type.Integer({ minimum: 1, maximum: 3650 }),
  activate_on: Type.Enum([...ACTIVATE_ON], {
    description:
      'When a subscription that is paid by invoice begins: with its first payment, or with its first invoice.',
  }),
  end_policy: Type.Enum([...END_POLICIES], {
    description:
      'What happens to a license when its subscription has ended. `keep`: it works without an end, and its updates end.',
  }),
  refund_policy: Type.Enum([...REFUND_POLICIES], {
    description: 'What happens to a license whose payment is refunded in full.',
  }),
  dispute_policy: Type.Enum([...DISPUTE_POLICIES], {
    description:
      'What happens to a license whose payment is disputed. `suspend` and `revoke` suspend it until the dispute is decided; if it is lost, `revoke` revokes it.',
  }),
  pause_policy: Type.Enum([...PAUSE_POLICIES], {
    description: 'What happens to a license while its subscription is paused.',
  }),
  late_payment_policy: Type.Enum([...LATE_PAYMENT_POLICIES], {
    description: 'What a payment does that arrives after its subscription has ended without it.',
  }),
};

export const Plan = StrictObject(
  {
    id: Id('plan'),
    product_id: Id('prod'),
    checkout_id: Type.String({ description: 'Names the plan in checkout addresses.' }),
    ...editable,
    created_at: Timestamp,
    updated_at: Timestamp,
  },
  { $id: 'Plan' },
);
export type Plan = Static<typeof Plan>;

const params = StrictObject({ id: Id('plan') });
const NOT_FOUND = { status: 404, code: 'PLAN_NOT_FOUND' };
const SLUG_TAKEN = { status: 409, code: 'SLUG_TAKEN' };
/** `term_starts: first_activation` is refused if the product or the plan has no activations. */
const NO_ACTIVATIONS = { status: 403, code: 'FEATURE_NOT_AVAILABLE' };

export const createPlan = endpoint({
  method: 'POST',
  path: '/admin/plans',
  operation: 'createPlan',
  tag: TAG,
  summary: 'Create a plan',
  auth: 'admin',
  body: StrictObject({
    product_id: Id('prod'),
    name: editable.name,
    slug: editable.slug,
    license_type: editable.license_type,
    license_model: editable.license_model,
    billing_interval: Type.Optional(editable.billing_interval),
    max_activations: Type.Optional(editable.max_activations),
    max_seats: Type.Optional(editable.max_seats),
    trial_days: Type.Optional(editable.trial_days),
    grace_days: Type.Optional(editable.grace_days),
    floating_timeout: Type.Optional(editable.floating_timeout),
    max_borrow_days: Type.Optional(editable.max_borrow_days),
    sort_order: Type.Optional(editable.sort_order),
    active: Type.Optional(editable.active),
    term_starts: Type.Optional(editable.term_starts),
    renewal_from: Type.Optional(editable.renewal_from),
    updates_days: Type.Optional(editable.updates_days),
    fingerprint_lock: Type.Optional(editable.fingerprint_lock),
    bound_identity: Type.Optional(editable.bound_identity),
    activation_ttl_days: Type.Optional(editable.activation_ttl_days),
    max_deactivations: Type.Optional(editable.max_deactivations),
    deactivation_period_days: Type.Optional(editable.deactivation_period_days),
    activate_on: Type.Optional(editable.activate_on),
    end_policy: Type.Optional(editable.end_policy),
    refund_policy: Type.Optional(editable.refund_policy),
    dispute_policy: Type.Optional(editable.dispute_policy),
    pause_policy: Type.Optional(editable.pause_policy),
    late_payment_policy: Type.Optional(editable.late_payment_policy),
  }),
  answers: { 201: { description: 'The plan. Fields that were left out have their defaults.', schema: Plan } },
  problems: [SLUG_TAKEN, NO_ACTIVATIONS, { status: 404, code: 'PRODUCT_NOT_FOUND' }],
});

export const listPlans = endpoint({
  method: 'GET',
  path: '/admin/plans',
  operation: 'listPlans',
  tag: TAG,
  summary: 'List plans, newest first',
  auth: 'admin',
  query: PageQuery({
    product_id: Type.Optional(Id('prod')),
    active: Type.Optional(Type.Boolean()),
    q: Type.Optional(SearchText(200, { min: 1 })),
  }),
  answers: { 200: { description: 'A page of plans.', schema: Page(Plan) } },
  problems: [],
});

export const readPlan = endpoint({
  method: 'GET',
  path: '/admin/plans/:id',
  operation: 'readPlan',
  tag: TAG,
  summary: 'Read a plan',
  auth: 'admin',
  params,
  answers: { 200: { description: 'The plan.', schema: Plan, etag: true } },
  problems: [NOT_FOUND],
});

export const deletePlan = endpoint({
  method: 'DELETE',
  path: '/admin/plans/:id',
  operation: 'deletePlan',
  tag: TAG,
  summary: 'Delete a plan that nothing uses; its slug is free again',
  auth: 'admin',
  params,
  answers: { 204: { description: 'The plan is deleted.', schema: null } },
  problems: [NOT_FOUND, { status: 409, code: 'PLAN_IN_USE' }],
});

export const updatePlan = endpoint({
  method: 'PATCH',
  path: '/admin/plans/:id',
  operation: 'updatePlan',
  tag: TAG,
  summary: 'Change a plan, also for existing licenses',
  auth: 'admin',
  params,
  body: Type.Partial(Type.Object(editable), { additionalProperties: false }),
  answers: { 200: { description: 'The plan.', schema: Plan } },
  problems: [NOT_FOUND, SLUG_TAKEN, NO_ACTIVATIONS],
});

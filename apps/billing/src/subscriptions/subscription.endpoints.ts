import Type, { type Static, type TSchema } from 'typebox';
import { LINE_KINDS } from '#domain/billing/invoice/invoice.lines';
import { BILLERS, SUBSCRIPTION_PROVIDERS } from '#domain/billing/subscription/subscription.events';
import { DISCOUNT_DURATIONS } from '#domain/billing/subscription/subscription.discount';
import { SUBSCRIPTION_STATUSES } from '#domain/billing/subscription/subscription.statuses';
import { FILE_MEDIA, FileFormat } from '#platform/export/file-format';
import { endpoint } from '#platform/http/endpoint';
import {
  Email,
  Id,
  Int,
  Metadata,
  Nullable,
  Page,
  PageQuery,
  SearchText,
  StrictObject,
  Text,
  Timestamp,
} from '#platform/http/schemas';

const TAG = 'Subscriptions';
const auth = 'billing:write';

const Subscriber = Type.String({
  ...Text(255, { min: 1 }),
  description: 'The merchant’s own id of the subscriber: a user, a workspace.',
  examples: ['acme/ada'],
});
const Quantity = Int(1, 1_000_000);
const Amount = Type.Integer({ description: 'Minor units of the currency.' });
const Reason = Nullable(Text(500));

export const Subscription = StrictObject(
  {
    id: Id('sub'),
    subscriber: Subscriber,
    customer_id: Type.String(),
    product_id: Id('prod'),
    plan_id: Id('plan'),
    price_id: Nullable(Id('price')),
    quantity: Quantity,
    status: Type.Enum([...SUBSCRIPTION_STATUSES]),
    biller: Type.Enum([...BILLERS]),
    provider: Type.Enum([...SUBSCRIPTION_PROVIDERS]),
    provider_id: Nullable(Type.String()),
    client_secret: Nullable(Type.String({ description: 'With it, a page of yours completes the first payment.' })),
    payment_id: Nullable(Id('pay')),
    checkout_url: Nullable(Type.String({ description: 'The provider’s page for the first payment.' })),
    current_period_start: Nullable(Timestamp),
    current_period_end: Nullable(Timestamp),
    billing_anchor: Nullable(
      Type.Unsafe<string>({ ...Timestamp, description: 'Periods are counted from here: Jan 31, Feb 28, Mar 31.' }),
    ),
    trial_start: Nullable(Timestamp),
    trial_end: Nullable(Timestamp),
    cancel_at_period_end: Type.Boolean(),
    canceled_at: Nullable(Timestamp),
    paused_at: Nullable(Timestamp),
    resumes_at: Nullable(Timestamp),
    past_due_at: Nullable(Timestamp),
    grace_until: Nullable(Timestamp),
    pending_until: Nullable(Timestamp),
    license_id: Id('lic'),
    latest_invoice_id: Nullable(Id('inv')),
    pending_change: Nullable(
      StrictObject({ price_id: Id('price'), plan_id: Id('plan'), quantity: Quantity, effective_at: Timestamp }),
    ),
    discount: Nullable(
      StrictObject({
        coupon_id: Id('cpn'),
        name: Type.String(),
        percent_off: Nullable(Type.String()),
        amount_off: Nullable(Amount),
        duration: Type.Enum([...DISCOUNT_DURATIONS]),
        months: Nullable(Type.Integer()),
      }),
    ),
    po_number: Nullable(Type.String()),
    metadata: Type.Record(Type.String(), Type.Unknown()),
    created_at: Timestamp,
    updated_at: Timestamp,
  },
  { $id: 'Subscription' },
);
export type Subscription = Static<typeof Subscription>;

const params = StrictObject({ id: Id('sub') });
const problem = (status: number, code: string) => ({ status, code });
const NOT_FOUND = problem(404, 'SUBSCRIPTION_NOT_FOUND');
/** For every change. */
const UNCHANGEABLE = [problem(409, 'INVALID_TRANSITION'), problem(409, 'BILLED_BY_PROVIDER')];
const PRICE_NOT_FOUND = problem(404, 'PRICE_NOT_FOUND');
const COUPONS = [
  problem(404, 'COUPON_NOT_FOUND'),
  problem(409, 'COUPON_EXPIRED'),
  problem(409, 'COUPON_USED_UP'),
  problem(400, 'COUPON_NOT_APPLICABLE'),
];
const answers = { 200: { description: 'The subscription.', schema: Subscription, etag: true as const } };

export const subscribe = endpoint({
  method: 'POST',
  path: '/subscriptions',
  operation: 'createSubscription',
  tag: TAG,
  summary: 'Subscribe to a price, or to the only price of a plan',
  auth,
  body: StrictObject({
    subscriber: Subscriber,
    email: Email,
    plan_id: Type.Optional(Id('plan')),
    price_id: Type.Optional(Id('price')),
    quantity: Type.Optional(Quantity),
    provider: Type.Optional(Type.Enum(['stripe', 'hyperswitch', 'btcpay', 'bank_transfer'])),
    name: Type.Optional(Nullable(SearchText(200))),
    coupon: Type.Optional(Nullable(Text(100, { min: 1 }))),
    customer_id: Type.Optional(Type.String({ pattern: '^cus_[0-7][0-9a-hjkmnp-tv-z]{25}$' })),
    return_url: Type.Optional(
      Nullable(
        Type.String({
          pattern: '^https?://[^\\s]+$',
          maxLength: 2_000,
          description: 'Your page to which the provider of the first payment sends the customer back.',
          examples: ['https://acme.example/welcome'],
        }),
      ),
    ),
    po_number: Type.Optional(Nullable(Text(100))),
    metadata: Type.Optional(Metadata),
  }),
  answers: { 201: { description: 'The subscription.', schema: Subscription, etag: true } },
  problems: [
    problem(400, 'PRICE_REQUIRED'),
    problem(400, 'PRICE_NOT_RECURRING'),
    problem(400, 'INVALID_QUANTITY'),
    problem(404, 'CUSTOMER_NOT_FOUND'),
    problem(404, 'PLAN_NOT_FOUND'),
    PRICE_NOT_FOUND,
    problem(409, 'PRICE_INACTIVE'),
    problem(409, 'PLAN_INACTIVE'),
    problem(409, 'SUBSCRIPTION_EXISTS'),
    problem(409, 'ORGANIZATION_REQUIRED'),
    problem(409, 'TAX_RATE_MISSING'),
    ...COUPONS,
    problem(503, 'PAYMENT_PROVIDER_NOT_CONFIGURED'),
  ],
});

export const listSubscriptions = endpoint({
  method: 'GET',
  path: '/subscriptions',
  operation: 'listSubscriptions',
  tag: TAG,
  summary: 'List subscriptions, newest first',
  auth,
  query: PageQuery({
    subscriber: Type.Optional(Subscriber),
    customer_id: Type.Optional(
      Type.Unsafe<string>({
        ...Text(64, { min: 1 }),
        description: 'Those of customers that were merged into it included.',
      }),
    ),
    product_id: Type.Optional(Id('prod')),
    plan_id: Type.Optional(Id('plan')),
    price_id: Type.Optional(Id('price')),
    license_id: Type.Optional(Id('lic')),
    status: Type.Optional(Type.Enum([...SUBSCRIPTION_STATUSES])),
    provider_id: Type.Optional(Text(255, { min: 1 })),
    format: Type.Optional(FileFormat),
  }),
  answers: { 200: { description: 'A page of subscriptions.', schema: Page(Subscription), files: FILE_MEDIA } },
  problems: [],
});

export const activeSubscription = endpoint({
  method: 'GET',
  path: '/subscriptions/active',
  operation: 'activeSubscription',
  tag: TAG,
  summary: 'The live subscription of a subscriber to a product',
  auth,
  query: StrictObject({ subscriber: Subscriber, product_id: Id('prod') }),
  answers,
  problems: [NOT_FOUND],
});

export const readSubscription = endpoint({
  method: 'GET',
  path: '/subscriptions/:id',
  operation: 'readSubscription',
  tag: TAG,
  summary: 'Read a subscription, in its present or an earlier state',
  auth,
  params,
  query: StrictObject({ as_of: Type.Optional(Timestamp) }),
  answers,
  problems: [NOT_FOUND],
});

/** `POST /subscriptions/{id}/<action>`, which answers the subscription. */
const action = <B extends TSchema>(
  name: string,
  operation: string,
  summary: string,
  body: B,
  problems: readonly { readonly status: number; readonly code: string }[],
) =>
  endpoint({
    method: 'POST',
    path: `/subscriptions/:id/${name}`,
    operation,
    tag: TAG,
    summary,
    auth,
    params,
    body,
    answers,
    problems: [NOT_FOUND, ...problems],
  });

const When = Type.Enum(['now', 'period_end']);
const Nothing = StrictObject({});

export const cancelSubscription = action(
  'cancel',
  'cancelSubscription',
  'Cancel a subscription, now or at the end of its period',
  StrictObject({ when: When, reason: Type.Optional(Reason), feedback: Type.Optional(Nullable(Text(2_000))) }),
  UNCHANGEABLE,
);
export const resumeSubscription = action(
  'resume',
  'resumeSubscription',
  'Take back a cancellation that has not happened yet',
  Nothing,
  UNCHANGEABLE,
);
export const pauseSubscription = action(
  'pause',
  'pauseSubscription',
  'Pause a subscription: nothing is charged until it goes on',
  StrictObject({ resumes_at: Type.Optional(Nullable(Timestamp)) }),
  [...UNCHANGEABLE, problem(400, 'INVALID_RESUME_TIME')],
);
export const unpauseSubscription = action(
  'unpause',
  'unpauseSubscription',
  'Let a paused subscription go on, with the time that was left in its period',
  Nothing,
  UNCHANGEABLE,
);
export const setCoupon = action(
  'coupon',
  'setCoupon',
  'Give a subscription another discount, or none',
  StrictObject({ code: Nullable(Text(100, { min: 1 })) }),
  [...UNCHANGEABLE, ...COUPONS],
);
export const refundSubscription = action(
  'refund',
  'refundSubscription',
  'Refund an invoice of a subscription, the latest by default',
  StrictObject({
    invoice_id: Type.Optional(Id('inv')),
    amount: Type.Optional(Int(1, Number.MAX_SAFE_INTEGER)),
    reason: Type.Optional(Reason),
  }),
  [problem(404, 'INVOICE_NOT_FOUND'), problem(409, 'NOTHING_TO_REFUND'), problem(409, 'REFUND_EXCEEDS_PAYMENT')],
);

const wanted = {
  price_id: Type.Optional(Id('price')),
  quantity: Type.Optional(Quantity),
  when: When,
};
const CHANGE_PROBLEMS = [
  PRICE_NOT_FOUND,
  ...UNCHANGEABLE,
  problem(400, 'PRICE_NOT_RECURRING'),
  problem(400, 'INVALID_QUANTITY'),
  problem(409, 'PLAN_INACTIVE'),
  problem(409, 'PLAN_OF_ANOTHER_PRODUCT'),
  problem(409, 'CURRENCY_MISMATCH'),
  problem(409, 'IN_USE'),
  problem(409, 'INVOICE_UNPAID'),
  problem(409, 'TAX_RATE_MISSING'),
];

export const Preview = StrictObject(
  {
    preview_id: Type.String({ description: 'For `change-plan` within 15 minutes: it charges exactly this.' }),
    effective_at: Timestamp,
    currency: Type.String(),
    lines: Type.Array(
      StrictObject({
        description: Type.String(),
        kind: Type.Enum([...LINE_KINDS]),
        quantity: Type.Integer(),
        amount: Amount,
        period_start: Nullable(Timestamp),
        period_end: Nullable(Timestamp),
        proration: Type.Boolean(),
      }),
    ),
    subtotal: Amount,
    discounts: Type.Array(StrictObject({ coupon_id: Id('cpn'), name: Type.String(), amount: Amount })),
    taxes: Type.Array(
      StrictObject({
        rate: Type.String(),
        category: Type.String(),
        name: Type.String(),
        taxable: Amount,
        amount: Amount,
      }),
    ),
    total: Amount,
    amount_due: Amount,
    credit: Type.Integer({ description: 'What the customer’s balance gains.' }),
  },
  { $id: 'SubscriptionPreview' },
);

export const previewChange = endpoint({
  method: 'POST',
  path: '/subscriptions/:id/preview',
  operation: 'previewSubscriptionChange',
  tag: TAG,
  summary: 'What a change of price or quantity would charge',
  auth,
  params,
  body: StrictObject(wanted),
  answers: { 200: { description: 'The preview.', schema: Preview } },
  problems: [NOT_FOUND, ...CHANGE_PROBLEMS],
});

export const changePlan = action(
  'change-plan',
  'changeSubscriptionPlan',
  'Change price or quantity, now or at the end of the period',
  StrictObject({ ...wanted, preview_id: Type.Optional(Type.String({ minLength: 1, maxLength: 4_000 })) }),
  [...CHANGE_PROBLEMS, problem(409, 'PREVIEW_EXPIRED'), problem(409, 'PREVIEW_STALE')],
);

const Completion = StrictObject({
  status: Type.Enum([...SUBSCRIPTION_STATUSES]),
  client_secret: Nullable(Type.String()),
  payment_id: Nullable(Id('pay')),
  checkout_url: Nullable(Type.String()),
});
const completion = (path: string, operation: string) =>
  endpoint({
    method: 'POST',
    path,
    operation,
    tag: TAG,
    summary: 'Resume the first payment with what exists; never a second charge',
    auth,
    params,
    body: Type.Optional(Nothing),
    answers: { 200: { description: 'Where to go on.', schema: Completion } },
    problems: [NOT_FOUND],
  });
export const completeSubscription = completion('/subscriptions/:id/complete', 'completeSubscription');
export const completeById = completion('/subscriptions/complete/:id', 'completeSubscriptionById');

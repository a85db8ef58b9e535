import Type, { type Static } from 'typebox';
import { DISCOUNT_DURATIONS } from '#domain/billing/subscription/subscription.discount';
import { endpoint } from '#platform/http/endpoint';
import { Id, Int, Nullable, Page, PageQuery, SearchText, StrictObject, Timestamp } from '#platform/http/schemas';
import { Amount, Currency, DecimalText } from '../schemas.ts';

const TAG = 'Coupons';

const Code = Type.String({ pattern: '^[A-Za-z0-9._-]+$', minLength: 1, maxLength: 64, examples: ['LAUNCH20'] });
const Codes = Type.Array(Code, {
  maxItems: 1000,
  description: 'Codes by which customers name the coupon, in any case. No other coupon has them.',
});
const Most = Nullable(Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'null = no limit.' }));
const fields = {
  name: SearchText(200, { min: 1 }),
  percent_off: Nullable(Type.Unsafe<string>({ ...DecimalText, description: 'Percent, above 0, at most 100.' })),
  amount_off: Nullable(Amount),
  currency: Nullable(Currency),
  duration: Type.Enum([...DISCOUNT_DURATIONS], {
    description: '`once`: the first charge. `repeating`: charges within `months` of the redemption. `forever`: all.',
  }),
  months: Nullable(Int(1, 120)),
  plans: Nullable(Type.Array(Id('plan'), { minItems: 1, maxItems: 200, uniqueItems: true })),
  max_redemptions: Most,
  max_per_customer: Most,
  redeem_by: Nullable(Timestamp),
  first_time_only: Type.Boolean({ description: 'Only for customers that have bought nothing yet.' }),
  codes: Codes,
  active: Type.Boolean({ description: 'Inactive coupons cannot be redeemed. Discounts that were given stay.' }),
};

export const Coupon = StrictObject(
  {
    id: Id('cpn'),
    ...fields,
    redemptions: Type.Integer({ description: 'How often it was redeemed.' }),
    created_at: Timestamp,
    updated_at: Timestamp,
  },
  { $id: 'Coupon' },
);
export type Coupon = Static<typeof Coupon>;

const params = StrictObject({ id: Id('cpn') });
const NOT_FOUND = { status: 404, code: 'COUPON_NOT_FOUND' };
const CODE_TAKEN = { status: 409, code: 'CODE_TAKEN' };
const INVALID = { status: 400, code: 'INVALID_COUPON' };

export const createCoupon = endpoint({
  method: 'POST',
  path: '/admin/coupons',
  operation: 'createCoupon',
  tag: TAG,
  summary: 'Create a coupon',
  auth: 'billing:write',
  body: StrictObject({
    name: fields.name,
    percent_off: Type.Optional(
      Nullable(
        Type.Unsafe<number | string>({
          ...DecimalText,
          type: ['number', 'string'],
          description: 'Percent, above 0, at most 100: a number, or a decimal as text.',
          examples: [20, '12.5'],
        }),
      ),
    ),
    amount_off: Type.Optional(fields.amount_off),
    currency: Type.Optional(fields.currency),
    duration: fields.duration,
    months: Type.Optional(fields.months),
    plans: Type.Optional(fields.plans),
    max_redemptions: Type.Optional(Most),
    max_per_customer: Type.Optional(Most),
    redeem_by: Type.Optional(fields.redeem_by),
    first_time_only: Type.Optional(fields.first_time_only),
    codes: Type.Optional(Codes),
  }),
  answers: { 201: { description: 'The coupon.', schema: Coupon } },
  problems: [CODE_TAKEN, INVALID],
});

export const listCoupons = endpoint({
  method: 'GET',
  path: '/admin/coupons',
  operation: 'listCoupons',
  tag: TAG,
  summary: 'List coupons, newest first',
  auth: 'billing:write',
  query: PageQuery({ active: Type.Optional(Type.Boolean()), code: Type.Optional(Code) }),
  answers: { 200: { description: 'A page of coupons.', schema: Page(Coupon) } },
  problems: [],
});

export const readCoupon = endpoint({
  method: 'GET',
  path: '/admin/coupons/:id',
  operation: 'readCoupon',
  tag: TAG,
  summary: 'Read a coupon',
  auth: 'billing:write',
  params,
  answers: { 200: { description: 'The coupon.', schema: Coupon, etag: true } },
  problems: [NOT_FOUND],
});

export const updateCoupon = endpoint({
  method: 'PATCH',
  path: '/admin/coupons/:id',
  operation: 'updateCoupon',
  tag: TAG,
  summary: 'Change a coupon. Discounts that were given stay as they are',
  auth: 'billing:write',
  params,
  body: StrictObject({
    name: Type.Optional(fields.name),
    codes: Type.Optional(Codes),
    active: Type.Optional(fields.active),
    redeem_by: Type.Optional(fields.redeem_by),
    max_redemptions: Type.Optional(Most),
  }),
  answers: { 200: { description: 'The coupon.', schema: Coupon } },
  problems: [NOT_FOUND, CODE_TAKEN, INVALID],
});

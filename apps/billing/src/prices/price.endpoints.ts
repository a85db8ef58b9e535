import Type, { type Static } from 'typebox';
import { MAX_AMOUNT, MAX_TRIAL_DAYS } from '#domain/billing/price/price.rules';
import {
  AGGREGATIONS,
  PRICE_INTERVALS,
  TAX_BEHAVIORS,
  TIERS_MODES,
  type UsagePricing,
} from '#domain/billing/price/price.terms';
import { endpoint } from '#platform/http/endpoint';
import {
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
import { Amount, Currency, DecimalText } from '../schemas.ts';

const TAG = 'Prices';

const Feature = Type.String({
  pattern: '^[a-z0-9]+([._-][a-z0-9]+)*$',
  minLength: 1,
  maxLength: 100,
  description: 'The feature whose recorded usage is charged.',
  examples: ['api_calls'],
});
const tier = {
  up_to: Nullable(
    Type.Integer({
      minimum: 1,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'The last unit of the tier; null = no end.',
    }),
  ),
  unit_amount: Type.Unsafe<number | string>({
    ...DecimalText,
    type: ['integer', 'string'],
    minimum: 0,
    maximum: MAX_AMOUNT,
    description: 'Minor units for each unit. Fractions of them are a decimal as text.',
    examples: [5, '0.5'],
  }),
  flat_amount: Type.Unsafe<number>({ ...Amount, description: 'Minor units, once, if the tier is reached.' }),
};
const Tier = StrictObject(tier);
const TierBody = StrictObject({ ...tier, flat_amount: Type.Optional(tier.flat_amount) });
const PackageSize = Nullable(
  Type.Integer({
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
    description: 'Units in a package; a begun package counts whole.',
  }),
);
const Usage = Type.Unsafe<UsagePricing>(
  StrictObject({
    feature: Feature,
    aggregation: Type.Enum([...AGGREGATIONS]),
    tiers: Nullable(Type.Array(Tier)),
    tiers_mode: Type.Enum([...TIERS_MODES]),
    package_size: PackageSize,
  }),
);
const UsageBody = StrictObject({
  feature: Feature,
  aggregation: Type.Enum([...AGGREGATIONS]),
  tiers: Type.Optional(Nullable(Type.Array(TierBody, { maxItems: 100 }))),
  tiers_mode: Type.Optional(Type.Enum([...TIERS_MODES], { default: 'graduated' })),
  package_size: Type.Optional(PackageSize),
});

const Interval = Nullable(Type.Enum([...PRICE_INTERVALS], { description: 'null = paid once.' }));
const TaxBehavior = Type.Enum([...TAX_BEHAVIORS], {
  description: '`inclusive`: the amount contains tax. `exclusive`: tax is added.',
});
const LookupKey = Nullable(
  Type.String({
    pattern: '^[A-Za-z0-9._:-]+$',
    minLength: 1,
    maxLength: 200,
    description: 'A unique name for programs.',
  }),
);
const labels = {
  active: Type.Boolean({ description: 'Inactive prices are not sold. Subscriptions that have one keep it.' }),
  nickname: Nullable(SearchText(200, { min: 1 })),
  lookup_key: LookupKey,
  metadata: Metadata,
};

export const Price = StrictObject(
  {
    id: Id('price'),
    product_id: Id('prod'),
    plan_id: Id('plan'),
    amount: Amount,
    currency: Currency,
    interval: Interval,
    interval_count: Type.Integer(),
    tax_behavior: TaxBehavior,
    trial_days: Type.Integer(),
    usage: Nullable(Usage),
    setup_amount: Amount,
    ...labels,
    created_at: Timestamp,
    updated_at: Timestamp,
  },
  { $id: 'Price' },
);
export type Price = Static<typeof Price>;

const params = StrictObject({ id: Id('price') });
const NOT_FOUND = { status: 404, code: 'PRICE_NOT_FOUND' };
const LOOKUP_KEY_TAKEN = { status: 409, code: 'LOOKUP_KEY_TAKEN' };

export const createPrice = endpoint({
  method: 'POST',
  path: '/admin/prices',
  operation: 'createPrice',
  tag: TAG,
  summary: 'Create a price of a plan',
  auth: 'billing:write',
  body: StrictObject({
    plan_id: Id('plan'),
    amount: Amount,
    currency: Currency,
    interval: Type.Optional(Interval),
    interval_count: Type.Optional(Int(1, 365)),
    tax_behavior: Type.Optional(TaxBehavior),
    trial_days: Type.Optional(
      Type.Integer({ minimum: 0, maximum: MAX_TRIAL_DAYS, description: 'Default: that of the plan.' }),
    ),
    usage: Type.Optional(Nullable(UsageBody)),
    setup_amount: Type.Optional(Amount),
    nickname: Type.Optional(labels.nickname),
    lookup_key: Type.Optional(LookupKey),
    metadata: Type.Optional(Metadata),
  }),
  answers: { 201: { description: 'The price. Fields that were left out have their defaults.', schema: Price } },
  problems: [
    { status: 400, code: 'INVALID_PRICE' },
    { status: 400, code: 'UNKNOWN_CURRENCY' },
    { status: 404, code: 'PLAN_NOT_FOUND' },
    LOOKUP_KEY_TAKEN,
  ],
});

export const listPrices = endpoint({
  method: 'GET',
  path: '/admin/prices',
  operation: 'listPrices',
  tag: TAG,
  summary: 'List prices, newest first',
  auth: 'billing:write',
  query: PageQuery({
    plan_id: Type.Optional(Id('plan')),
    product_id: Type.Optional(Id('prod')),
    active: Type.Optional(Type.Boolean()),
    lookup_key: Type.Optional(Text(200, { min: 1 })),
  }),
  answers: { 200: { description: 'A page of prices.', schema: Page(Price) } },
  problems: [],
});

export const readPrice = endpoint({
  method: 'GET',
  path: '/admin/prices/:id',
  operation: 'readPrice',
  tag: TAG,
  summary: 'Read a price',
  auth: 'billing:write',
  params,
  answers: { 200: { description: 'The price.', schema: Price, etag: true } },
  problems: [NOT_FOUND],
});

const Fixed = Type.Optional(Type.Unknown({ description: 'Never changes: 409 `PRICE_IMMUTABLE`.' }));
/** Fields that never change. They are in the contract so that an attempt gets a clear answer. */
const immutable = {
  plan_id: Fixed,
  product_id: Fixed,
  amount: Fixed,
  currency: Fixed,
  interval: Fixed,
  interval_count: Fixed,
  tax_behavior: Fixed,
  trial_days: Fixed,
  usage: Fixed,
  setup_amount: Fixed,
};
export const IMMUTABLE = Object.keys(immutable) as readonly (keyof typeof immutable)[];

export const updatePrice = endpoint({
  method: 'PATCH',
  path: '/admin/prices/:id',
  operation: 'updatePrice',
  tag: TAG,
  summary: 'Rename a price, or stop selling it',
  auth: 'billing:write',
  params,
  body: StrictObject({
    active: Type.Optional(labels.active),
    nickname: Type.Optional(labels.nickname),
    lookup_key: Type.Optional(LookupKey),
    metadata: Type.Optional(Metadata),
    ...immutable,
  }),
  answers: { 200: { description: 'The price. Metadata is merged: null removes a key.', schema: Price } },
  problems: [NOT_FOUND, LOOKUP_KEY_TAKEN, { status: 409, code: 'PRICE_IMMUTABLE' }],
});

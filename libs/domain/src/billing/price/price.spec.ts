import { specification } from '../../../testing/given.ts';
import { decidePrice, type PriceCommand, type PriceEvent, type PriceState, priceStream } from './price.ts';
import type { Tier, UsagePricing } from './price.terms.ts';

const given = specification<PriceCommand, PriceEvent, PriceState>({ ...priceStream, decide: decidePrice });

const price = {
  product_id: 'prod_1',
  plan_id: 'plan_1',
  amount: 4900,
  currency: 'eur',
  interval: 'month',
  interval_count: 1,
  tax_behavior: 'exclusive',
  trial_days: 14,
  usage: null,
  setup_amount: 0,
  active: true,
  nickname: null,
  lookup_key: null,
  metadata: {},
} as const;
type Terms = Extract<PriceCommand, { type: 'CreatePrice' }>['price'];
const create = (terms: Partial<Terms> = {}): PriceCommand => ({ type: 'CreatePrice', price: { ...price, ...terms } });
const created: PriceEvent = { type: 'price.created', ...price };
const usage = (of: Partial<UsagePricing> = {}): UsagePricing => ({
  feature: 'api_calls',
  aggregation: 'sum',
  tiers: null,
  tiers_mode: 'graduated',
  package_size: null,
  ...of,
});
const tier = (up_to: number | null, unit_amount = '0.05', flat_amount = 0): Tier => ({
  up_to,
  unit_amount,
  flat_amount,
});
const tiered = (...tiers: Tier[]): Partial<Terms> => ({ amount: 0, usage: usage({ tiers }) });

describe('a price', () => {
  it('is created once', () => {
    given().when(create()).then([created]);
    given(created).when(create()).thenRefused('PRICE_EXISTS');
  });

  it.each<[string, Partial<Terms>]>([
    ['free', { amount: 0 }],
    ['paid once', { interval: null, trial_days: 0, setup_amount: 100 }],
    ['in satoshis', { currency: 'sats' }],
    ['of three years', { interval: 'year', interval_count: 3 }],
    ['of usage in packages', { usage: usage({ package_size: 1000 }) }],
    ['of usage in tiers', tiered(tier(100, '0'), tier(1000, '0.05', 500), tier(null, '0.000000000001'))],
  ])('may be %s', (_name, terms) => {
    given()
      .when(create(terms))
      .thenMatches([{ type: 'price.created', ...terms }]);
  });

  it.each(['EUR', 'xxx', 'dollars', ''])('is not in the currency %j', (currency) => {
    given().when(create({ currency })).thenRefused('UNKNOWN_CURRENCY');
  });

  it.each<[Partial<Terms>, string]>([
    [{ amount: 1.5 }, '/amount'],
    [{ amount: -1 }, '/amount'],
    [{ amount: 2 ** 53 }, '/amount'],
    [{ setup_amount: -1 }, '/setup_amount'],
    [{ interval_count: 0 }, '/interval_count'],
    [{ interval_count: 37 }, '/interval_count'],
    [{ interval: 'day', interval_count: 1000 }, '/interval_count'],
    [{ interval: 'year', interval_count: 4 }, '/interval_count'],
    [{ interval: null, trial_days: 0, interval_count: 2 }, '/interval_count'],
    [{ interval: null }, '/trial_days'],
    [{ trial_days: -1 }, '/trial_days'],
    [{ interval: null, trial_days: 0, usage: usage() }, '/usage'],
    [{ usage: usage({ package_size: 0 }) }, '/usage/package_size'],
    [{ amount: 0, usage: usage({ package_size: 10, tiers: [tier(null)] }) }, '/usage/package_size'],
    [tiered(), '/usage/tiers'],
    [tiered(tier(100)), '/usage/tiers/0/up_to'],
    [tiered(tier(null), tier(null)), '/usage/tiers/0/up_to'],
    [tiered(tier(100), tier(100), tier(null)), '/usage/tiers/1/up_to'],
    [tiered(tier(0), tier(null)), '/usage/tiers/0/up_to'],
    [tiered(tier(null, '-1')), '/usage/tiers/0/unit_amount'],
    [tiered(tier(null, 'many')), '/usage/tiers/0/unit_amount'],
    [tiered(tier(null, '1', 0.5)), '/usage/tiers/0/flat_amount'],
    [{ ...tiered(tier(null)), amount: 1 }, '/amount'],
  ])('is not created from %j', (terms, pointer) => {
    given()
      .when(create(terms))
      .thenRefused('INVALID_PRICE', { errors: [{ pointer, detail: expect.any(String) as string }] });
  });

  it('changes only its labels, and only if they differ', () => {
    const update = (changes: object): PriceCommand => ({ type: 'UpdatePrice', changes });
    const updated: PriceEvent = {
      type: 'price.updated',
      product_id: 'prod_1',
      plan_id: 'plan_1',
      changes: { active: false },
    };
    given(created)
      .when(update({ active: false, nickname: null }))
      .then([updated]);
    given(created, updated)
      .when(update({ active: false }))
      .thenNothing();
    given()
      .when(update({ active: false }))
      .thenRefused('PRICE_NOT_FOUND');
  });
});

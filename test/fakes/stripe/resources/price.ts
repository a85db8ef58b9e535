import { invalid, missing } from '../errors.ts';
import { page } from '../lists.ts';
import type { Price, Recurring, Tier } from '../objects.ts';
import { mergedMetadata, type Params } from '../params.ts';
import type { Routes } from '../route.ts';
import { checkAmount } from '../units.ts';
import { nulls, type World } from '../world.ts';
import { createProduct, productOf } from './product.ts';

export const priceOf = (world: World, id: string, param?: string): Price => {
  const price = world.prices.get(id);
  if (price === undefined) throw missing('price', id, param);
  return price;
};

const amounts = (params: Params, whole: string, decimal: string) => {
  const amount = params.integer(whole);
  const exact = params.text(decimal);
  if (amount !== undefined) return { amount, exact: String(amount) };
  if (exact === undefined) return { amount: null, exact: null };
  params.decimal(decimal);
  return { amount: /^-?\d+(\.0*)?$/.test(exact) ? Number(exact) : null, exact };
};

const tierOf = (params: Params): Tier => {
  const unit = amounts(params, 'unit_amount', 'unit_amount_decimal');
  const flat = amounts(params, 'flat_amount', 'flat_amount_decimal');
  const up_to = params.needText('up_to');
  return {
    flat_amount: flat.amount,
    flat_amount_decimal: flat.exact,
    unit_amount: unit.amount,
    unit_amount_decimal: unit.exact,
    up_to: up_to === 'inf' ? null : Number(params.integer('up_to')),
  };
};

const recurringOf = (world: World, params: Params): Recurring => {
  const usage_type = params.choice('usage_type', ['licensed', 'metered']) ?? 'licensed';
  const meter = params.text('meter') ?? null;
  if (usage_type === 'metered' && meter === null)
    throw invalid('Metered prices must be backed by a meter.', { param: params.at('meter') });
  if (meter !== null && world.meters.get(meter) === undefined) throw missing('meter', meter, params.at('meter'));
  return {
    ...nulls('trial_period_days'),
    interval: params.needChoice('interval', ['day', 'week', 'month', 'year']),
    interval_count: params.integer('interval_count') ?? 1,
    meter,
    usage_type,
  };
};

/** Gives the lookup key to a price; it is taken from the price that has it, if the caller allows that. */
const takeLookupKey = (world: World, price: Price, key: string | undefined, transfer: boolean): void => {
  if (key === undefined) return;
  const holder = world.prices.of(key).find((other) => other.lookup_key === key && other.id !== price.id);
  if (holder !== undefined && !transfer)
    throw invalid(
      `A price (\`${holder.id}\`) already uses that lookup key. Pass transfer_lookup_key to transfer it to this price.`,
      { param: 'lookup_key' },
    );
  if (holder !== undefined)
    world.change(holder, 'price.updated', () => {
      holder.lookup_key = null;
      world.prices.reindex(holder, [key, holder.product]);
    });
  const before = [price.lookup_key, price.product];
  price.lookup_key = key;
  if (world.prices.get(price.id) !== undefined) world.prices.reindex(price, before);
};

/** @param params of `POST /v1/prices` */
export const createPrice = (world: World, params: Params): Price => {
  const currency = params.needText('currency').toLowerCase();
  const unit = amounts(params, 'unit_amount', 'unit_amount_decimal');
  const scheme = params.choice('billing_scheme', ['per_unit', 'tiered']) ?? 'per_unit';
  const tiers = params.list('tiers')?.map(tierOf);
  if (scheme === 'tiered' && (tiers === undefined || !params.has('tiers_mode')))
    throw invalid('Tiered prices need tiers and tiers_mode.', { param: 'tiers' });
  if (scheme === 'per_unit' && unit.exact === null)
    throw invalid('Prices require an `unit_amount` or `unit_amount_decimal` parameter to be set.', {
      code: 'parameter_missing',
      param: 'unit_amount',
    });
  if (unit.amount !== null) checkAmount(unit.amount, currency, 'unit_amount');
  const recurring = params.hash('recurring');
  const data = params.hash('product_data');
  const product =
    data === undefined ? productOf(world, params.needText('product'), 'product') : createProduct(world, data);
  const transform = params.hash('transform_quantity');
  const price: Price = {
    ...nulls('custom_unit_amount'),
    ...world.made('price', 'price'),
    active: params.flag('active') ?? true,
    billing_scheme: scheme,
    currency,
    lookup_key: null,
    metadata: mergedMetadata({}, params),
    nickname: params.text('nickname') ?? null,
    product: product.id,
    recurring: recurring === undefined ? null : recurringOf(world, recurring),
    tax_behavior: params.choice('tax_behavior', ['exclusive', 'inclusive', 'unspecified']) ?? 'unspecified',
    tiers_mode: params.choice<'graduated' | 'volume'>('tiers_mode', ['graduated', 'volume']) ?? null,
    transform_quantity:
      transform === undefined
        ? null
        : { divide_by: transform.needInteger('divide_by'), round: transform.needChoice('round', ['up', 'down']) },
    type: recurring === undefined ? 'one_time' : 'recurring',
    unit_amount: unit.amount,
    unit_amount_decimal: unit.exact,
  };
  takeLookupKey(world, price, params.text('lookup_key'), params.flag('transfer_lookup_key') ?? false);
  if (tiers !== undefined) world.tiers.set(price.id, tiers);
  world.prices.add(price);
  world.emit('price.created', price);
  return price;
};

export const prices: Routes = {
  'POST /v1/prices': ({ world, params }) => createPrice(world, params),
  'GET /v1/prices': ({ world, params }) => {
    const active = params.flag('active');
    const product = params.text('product');
    const keys = params.texts('lookup_keys');
    const currency = params.text('currency');
    const type = params.text('type');
    return page('/v1/prices', world.prices, params, (price) => {
      if (active !== undefined && price.active !== active) return false;
      if (product !== undefined && price.product !== product) return false;
      if (currency !== undefined && price.currency !== currency) return false;
      if (type !== undefined && price.type !== type) return false;
      return keys === undefined || (price.lookup_key !== null && keys.includes(price.lookup_key));
    });
  },
  'GET /v1/prices/:id': ({ world, path }) => priceOf(world, path('id')),
  'POST /v1/prices/:id': ({ world, params, path }) => {
    const price = priceOf(world, path('id'));
    world.change(price, 'price.updated', () => {
      price.active = params.flag('active') ?? price.active;
      if (params.has('nickname')) price.nickname = params.text('nickname') ?? null;
      price.tax_behavior =
        params.choice('tax_behavior', ['exclusive', 'inclusive', 'unspecified']) ?? price.tax_behavior;
      price.metadata = mergedMetadata(price.metadata, params);
      takeLookupKey(world, price, params.text('lookup_key'), params.flag('transfer_lookup_key') ?? false);
    });
    return price;
  },
};

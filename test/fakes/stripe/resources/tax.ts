import { missing } from '../errors.ts';
import { page } from '../lists.ts';
import type { Customer, InvoiceLine, Tax, TaxRate } from '../objects.ts';
import { mergedMetadata } from '../params.ts';
import type { Routes } from '../route.ts';
import { percentage, portion } from '../units.ts';
import { nulls, type World } from '../world.ts';

export const taxRateOf = (world: World, id: string, param?: string): TaxRate => {
  const rate = world.taxRates.get(id);
  if (rate === undefined) throw missing('tax rate', id, param);
  return rate;
};

const createRate = (
  world: World,
  given: Pick<TaxRate, 'display_name' | 'inclusive' | 'percentage' | 'country'>,
  metadata: Record<string, string>,
): TaxRate => {
  const rate: TaxRate = {
    ...nulls('description flat_amount jurisdiction jurisdiction_level state'),
    ...{ effective_percentage: given.percentage, rate_type: 'percentage', tax_type: 'vat', metadata },
    ...world.made('tax_rate', 'txr'),
    ...given,
    active: true,
  };
  return world.taxRates.add(rate);
};

/** Percentages of the automatic tax; other countries have none. */
const AUTOMATIC: Readonly<Record<string, number>> = { AT: 20, DE: 19, ES: 21, FR: 20, GB: 20, IT: 22, NL: 21 };

/** The rate that the automatic tax takes in a country, created when it is used first. */
const automaticRate = (world: World, country: string, inclusive: boolean): TaxRate => {
  for (const rate of world.taxRates.all())
    if (rate.display_name === 'Automatic' && rate.country === country && rate.inclusive === inclusive) return rate;
  return createRate(world, { display_name: 'Automatic', inclusive, percentage: AUTOMATIC[country] ?? 0, country }, {});
};

const net = (line: InvoiceLine): number =>
  line.subtotal - line.discount_amounts.reduce((sum, { amount }) => sum + amount, 0);

const taxOf = (rate: TaxRate, amount: number, reason: string, charged: boolean): Tax => {
  const thousandths = Math.round(rate.percentage * 1000);
  const tax = rate.inclusive
    ? portion(amount, thousandths, 100_000 + thousandths)
    : percentage(amount, rate.percentage);
  return {
    amount: charged ? tax : 0,
    tax_behavior: rate.inclusive ? 'inclusive' : 'exclusive',
    tax_rate_details: { tax_rate: rate.id },
    taxability_reason: reason,
    taxable_amount: rate.inclusive && charged ? amount - tax : amount,
    type: 'tax_rate_details',
  };
};

/** Writes taxes into the lines: of fixed rates, or by the table of the automatic tax. */
export const applyTaxes = (
  world: World,
  lines: readonly InvoiceLine[],
  customer: Customer,
  tax: { readonly automatic: boolean; readonly rates: readonly TaxRate[] },
): void => {
  for (const line of lines) {
    if (tax.automatic) {
      const country = customer.address?.country ?? world.settings.country;
      const price = world.prices.get(line.pricing?.price_details.price ?? '');
      const rate = automaticRate(world, country, price?.tax_behavior === 'inclusive');
      const business = world.taxIds.of(customer.id).length > 0 && country !== world.settings.country;
      line.taxes = [taxOf(rate, net(line), business ? 'reverse_charge' : 'standard_rated', !business)];
    } else {
      line.taxes = tax.rates.map((rate) =>
        taxOf(
          rate,
          net(line),
          customer.tax_exempt === 'none' ? 'standard_rated' : 'customer_exempt',
          customer.tax_exempt === 'none',
        ),
      );
    }
  }
};

export const taxRates: Routes = {
  'POST /v1/tax_rates': ({ world, params }) => {
    params.ignore('description', 'jurisdiction', 'tax_type', 'state');
    const rate = createRate(
      world,
      {
        display_name: params.needText('display_name'),
        inclusive: params.needText('inclusive') === 'true',
        percentage: Number(params.decimal('percentage')),
        country: params.text('country') ?? null,
      },
      mergedMetadata({}, params),
    );
    world.emit('tax_rate.created', rate);
    return rate;
  },
  'GET /v1/tax_rates': ({ world, params }) => {
    const active = params.flag('active');
    return page('/v1/tax_rates', world.taxRates, params, (rate) => active === undefined || rate.active === active);
  },
  'GET /v1/tax_rates/:id': ({ world, path }) => taxRateOf(world, path('id')),
  'POST /v1/tax_rates/:id': ({ world, params, path }) => {
    const rate = taxRateOf(world, path('id'));
    world.change(rate, 'tax_rate.updated', () => {
      rate.active = params.flag('active') ?? rate.active;
      rate.display_name = params.text('display_name') ?? rate.display_name;
    });
    return rate;
  },
};

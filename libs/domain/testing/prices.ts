import type { SoldPrice } from '../src/billing/pricing/lines.ts';
import type { UsagePricing } from '../src/billing/price/price.terms.ts';

/** A monthly price of 10.00 EUR, with these differences. */
export const priceOf = (terms: Partial<SoldPrice> = {}): SoldPrice => ({
  id: 'price_1',
  product_id: 'prod_1',
  plan_id: 'plan_1',
  amount: 1000,
  currency: 'eur',
  interval: 'month',
  interval_count: 1,
  tax_behavior: 'exclusive',
  trial_days: 0,
  usage: null,
  setup_amount: 0,
  ...terms,
});

/** Usage of a feature without tiers and packages, with these differences. */
export const usageOf = (usage: Partial<UsagePricing> = {}): UsagePricing => ({
  feature: 'requests',
  aggregation: 'sum',
  tiers: null,
  tiers_mode: 'graduated',
  package_size: null,
  ...usage,
});

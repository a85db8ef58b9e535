/** Billing intervals of prices; `interval_count` multiplies them. */
export const PRICE_INTERVALS = ['day', 'week', 'month', 'quarter', 'year'] as const;
export type PriceInterval = (typeof PRICE_INTERVALS)[number];

/** Whether amounts of a price contain tax (`inclusive`: the gross amount is the truth) or tax is added to them. */
export const TAX_BEHAVIORS = ['inclusive', 'exclusive'] as const;
export type TaxBehavior = (typeof TAX_BEHAVIORS)[number];

export const AGGREGATIONS = ['sum', 'count', 'max', 'unique', 'latest'] as const;
export type Aggregation = (typeof AGGREGATIONS)[number];

export const TIERS_MODES = ['graduated', 'volume'] as const;
export type TiersMode = (typeof TIERS_MODES)[number];

/** A range of quantities: above the `up_to` of the tier before, up to and including this one; null = no end. */
export interface Tier {
  readonly up_to: number | null;
  /** Minor units for each unit: a whole number, or a decimal as text: `0.05` is a twentieth of a cent. */
  readonly unit_amount: number | string;
  /** Minor units, once, if the tier is reached. */
  readonly flat_amount: number;
}

/** How recorded usage of a feature is charged, in arrears. */
export interface UsagePricing {
  readonly feature: string;
  readonly aggregation: Aggregation;
  /** null: each unit (or package) costs the price's `amount`. */
  readonly tiers: readonly Tier[] | null;
  readonly tiers_mode: TiersMode;
  /** Units in a package; a begun package counts whole. null = single units. */
  readonly package_size: number | null;
}

/** What a price says. It never changes after it was created. Amounts are ISO 4217 minor units of `currency`. */
export interface PriceTerms {
  readonly product_id: string;
  readonly plan_id: string;
  readonly amount: number;
  /** ISO 4217 in lower case, or `sats`. */
  readonly currency: string;
  /** null = paid once. */
  readonly interval: PriceInterval | null;
  readonly interval_count: number;
  readonly tax_behavior: TaxBehavior;
  readonly trial_days: number;
  /** null = a flat price. */
  readonly usage: UsagePricing | null;
  /** Charged once, with the first invoice. */
  readonly setup_amount: number;
}

import type { Time } from '../../shared/time.ts';
import type { TaxBehavior } from '../price/price.terms.ts';

/** [start, end) of what a line charges. */
export interface Period {
  readonly start: Time;
  readonly end: Time;
}

export const LINE_KINDS = ['recurring', 'one_time', 'setup', 'usage', 'proration', 'manual'] as const;
export type LineKind = (typeof LINE_KINDS)[number];

/** Tax categories of EN 16931 (UNCL 5305): standard, zero rated, exempt, reverse charge, intra-community, export, out of scope. */
export const TAX_CATEGORIES = ['S', 'Z', 'E', 'AE', 'K', 'G', 'O'] as const;
export type TaxCategory = (typeof TAX_CATEGORIES)[number];

/** How a line is taxed. */
export interface TaxTreatment {
  /** Percent, as a decimal: `19`, `5.5`. `0` without tax. */
  readonly rate: string;
  readonly category: TaxCategory;
  /** `VAT`, `MwSt.`: as shown to the customer. */
  readonly name: string;
}

/** A line before discounts and tax. Amounts are minor units of the invoice's currency; credits are negative. */
export interface WantedLine {
  readonly kind: LineKind;
  readonly description: string;
  readonly product_id: string | null;
  readonly plan_id: string | null;
  readonly price_id: string | null;
  /** The license that a one-time price renews or upgrades; null = a new one for each unit. */
  readonly license_id: string | null;
  readonly quantity: number;
  /** Minor units for one unit, as a decimal; null if no single amount explains the line (tiers, prorations). */
  readonly unit_amount: string | null;
  readonly amount: number;
  readonly period: Period | null;
  readonly tax_behavior: TaxBehavior;
  /** false for lines that no coupon reduces: prorations, and lines that already contain a discount. */
  readonly discountable: boolean;
  /**
   * Of a line for usage: all usage of the period that is charged once this line is, as a decimal. Invoices do not show it; later
   * charges of the period begin from it.
   */
  readonly used?: string;
}

/** A line as an invoice shows it: `amount` − `discount` is what it charges, net or gross by `tax_behavior`. */
export interface InvoiceLine extends Omit<WantedLine, 'discountable' | 'used'> {
  /** 1, 2, …: unique in the invoice. */
  readonly line: number;
  /** 0 or more for a charge, 0 or less for a credit. */
  readonly discount: number;
  readonly tax_rate: string;
  readonly tax_category: TaxCategory;
  readonly tax_name: string;
  /** What the line charges without tax. The nets of a rate add up to its `taxable`. */
  readonly net: number;
}

/** A coupon's part of an invoice. */
export interface InvoiceDiscount {
  readonly coupon_id: string;
  readonly name: string;
  readonly amount: number;
}

/** Tax of one rate and category: computed on the sum of the net lines (EN 16931 BT-117), never per line. */
export interface InvoiceTax extends TaxTreatment {
  readonly taxable: number;
  readonly amount: number;
}

/** What an invoice adds up to: `subtotal` − `discounts` + exclusive taxes = `total`; `total` = sum of nets + sum of taxes. */
export interface InvoiceTotals {
  readonly lines: readonly InvoiceLine[];
  /** The sum of the lines' amounts, before discounts. */
  readonly subtotal: number;
  readonly discounts: readonly InvoiceDiscount[];
  readonly taxes: readonly InvoiceTax[];
  readonly total: number;
}

/** A coupon that applies to an invoice. One of the two is given. */
export interface AppliedDiscount {
  readonly coupon_id: string;
  readonly name: string;
  /** Percent as a decimal, `12.5`; null = an amount. */
  readonly percent_off: string | null;
  /** Minor units of the invoice's currency. */
  readonly amount_off: number | null;
  /** Plans whose lines it reduces; null = all. */
  readonly plans: readonly string[] | null;
}

import type { Buyer, Seller } from '#domain/billing/customer/party';
import type { TaxTreatment, WantedLine } from '#domain/billing/invoice/invoice.lines';
import type { Time } from '#domain/shared/time';
import type { EventMetadata } from '#events/event';

/** Buyer and tax of an invoice, as they are now. */
export interface PartiesOfInvoice {
  readonly buyer: Buyer;
  /** Prefix of the seller's numbers. */
  readonly prefix: string;
  /** Years after the year of issue for which the buyer is kept. */
  readonly retention_years: number;
  /** @throws Refusal TAX_RATE_MISSING */
  taxOf(this: void, line: WantedLine): TaxTreatment;
  /** What the tax of the customer is called, for a line whose rate is entered. */
  readonly tax_name: string;
  /** Texts that the tax treatment requires. */
  readonly notes: readonly string[];
  /** The customer's credit in a currency. */
  balance(this: void, currency: string): number;
  /** What was taken from the customer's balance for this source; undefined = nothing yet. */
  taken(this: void, source: string): number | undefined;
}

/** What invoices need of customers, organization and taxation. */
export abstract class InvoiceParties {
  /** @throws Refusal CUSTOMER_NOT_FOUND */
  abstract of(customer_id: string, at: Time): Promise<PartiesOfInvoice>;

  /** @throws Refusal ORGANIZATION_REQUIRED: there is no invoice without a seller */
  abstract seller(): Promise<Seller>;

  /** Prefix of the seller's numbers. */
  abstract prefix(): Promise<string>;

  /** The customer, sealed for licensing, which sends the licenses that a paid invoice sells; null = no address is known. */
  abstract recipient(customer_id: string, invoice_id: string): Promise<string | null>;

  /**
   * Takes credit from the customer's balance, at most what there is. The same source takes once.
   * @returns what it took
   */
  abstract take(
    customer_id: string,
    change: { readonly currency: string; readonly up_to: number; readonly reason: string; readonly source: string },
    metadata: EventMetadata,
  ): Promise<number>;

  /** Adds credit to the customer's balance. The same source adds once. */
  abstract give(
    customer_id: string,
    change: { readonly currency: string; readonly amount: number; readonly reason: string; readonly source: string },
    metadata: EventMetadata,
  ): Promise<void>;
}

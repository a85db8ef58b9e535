import { Inject, Injectable } from '@nestjs/common';
import type { Buyer, Seller } from '#domain/billing/customer/party';
import { treatmentOf } from '#domain/billing/tax/taxation';
import type { Time } from '#domain/shared/time';
import type { EventMetadata } from '#events/event';
import type { MasterKey } from '#platform/crypto/keys';
import { sealRecipient } from '#platform/crypto/recipient';
import { MASTER_KEY } from '#platform/service';
import { type Customer, Customers } from '../customers/customers.ts';
import { Organization } from '../organization/organization.ts';
import { Taxation } from '../taxes/taxation.ts';
import { InvoiceParties, type PartiesOfInvoice } from './parties.ts';

/** Seller, buyer and tax from organization, customers and taxation. */
@Injectable()
export class BillingParties extends InvoiceParties {
  constructor(
    private readonly customers: Customers,
    private readonly organization: Organization,
    private readonly taxation: Taxation,
    @Inject(MASTER_KEY) private readonly masterKey: MasterKey,
  ) {
    super();
  }

  async of(customer_id: string, at: Time): Promise<PartiesOfInvoice> {
    const customer = await this.customers.find(customer_id);
    const present = customer.merged_into === null ? customer : await this.customers.present(customer_id);
    const { invoice_prefix: prefix, retention_years, locale } = await this.organization.settings();
    const buyer = buyerOf(customer_id, present, locale);
    const taxation = await this.taxation.of(buyer, at);
    return {
      buyer,
      prefix,
      retention_years,
      taxOf: () => treatmentOf(taxation),
      tax_name: taxation.treatment?.name || 'VAT',
      notes: taxation.notes,
      balance: (currency) => present.balances[currency] ?? 0,
      taken: (source) => takenBy(source, customer) ?? takenBy(source, present),
    };
  }

  seller(): Promise<Seller> {
    return this.organization.seller();
  }

  async prefix(): Promise<string> {
    return (await this.organization.settings()).invoice_prefix;
  }

  async recipient(customer_id: string, invoice_id: string): Promise<string | null> {
    const { email, name, locale } = await this.customers.present(customer_id);
    return email === null ? null : sealRecipient(this.masterKey, { email, name, locale }, invoice_id);
  }

  take(
    customer_id: string,
    change: { readonly currency: string; readonly up_to: number; readonly reason: string; readonly source: string },
    metadata: EventMetadata,
  ): Promise<number> {
    return this.customers.useBalance(customer_id, change, metadata);
  }

  async give(
    customer_id: string,
    change: { readonly currency: string; readonly amount: number; readonly reason: string; readonly source: string },
    metadata: EventMetadata,
  ): Promise<void> {
    await this.customers.changeBalance(customer_id, change, metadata);
  }
}

const takenBy = (source: string, { sources }: Customer): number | undefined => {
  const amount = sources.get(source);
  return amount === undefined ? undefined : -amount || 0;
};

const buyerOf = (customer_id: string, customer: Customer, usual: string): Buyer => {
  const { email, name, company, address, tax_ids, locale } = customer;
  return { customer_id, email, name, company, address, tax_ids, locale: locale ?? usual };
};

import { Inject, Injectable } from '@nestjs/common';
import type { Buyer } from '#domain/billing/customer/party';
import { TAX_RATES, taxRatesStream } from '#domain/billing/tax/tax-rates';
import { taxationOf, type Taxation as TaxationOf } from '#domain/billing/tax/taxation';
import type { Time } from '#domain/shared/time';
import type { EventStore } from '#events/store';
import { EVENT_STORE } from '#platform/service';
import { Organization } from '../organization/organization.ts';
import { TAX_ID_CHECK, type TaxIdCheck } from './tax-id-check.ts';

/** How sales are taxed, by the settings of the organization and the table of rates. */
@Injectable()
export class Taxation {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly organization: Organization,
    @Inject(TAX_ID_CHECK) private readonly check: TaxIdCheck | null,
  ) {}

  /** The tax of a sale to a buyer, and the texts that its invoice must show. */
  async of(buyer: Pick<Buyer, 'address' | 'tax_ids'> & Partial<Pick<Buyer, 'locale'>>, at: Time): Promise<TaxationOf> {
    const { tax, locale } = await this.organization.settings();
    const { state: rates } = await this.store.load(taxRatesStream, TAX_RATES);
    return taxationOf({
      provider: tax.provider,
      rates,
      seller: { country: await this.organization.country() },
      buyer,
      at,
      has_online_check: this.check !== null,
      locale: buyer.locale ?? locale,
    });
  }
}

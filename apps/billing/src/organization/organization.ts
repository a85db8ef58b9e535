import { Inject, Injectable } from '@nestjs/common';
import {
  type InvoiceSettings,
  ORGANIZATION,
  ORGANIZATION_DEFAULTS,
  type OrganizationState,
  organizationStream,
  sellerOf,
} from '#domain/billing/organization/organization';
import type { Seller } from '#domain/billing/customer/party';
import type { EventStore } from '#events/store';
import { EVENT_STORE } from '#platform/service';

/** The seller: the merchant itself. */
@Injectable()
export class Organization {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  /**
   * What an invoice shows of the seller. An invoice is not finalized without one.
   * @throws Refusal ORGANIZATION_REQUIRED until the organization is set
   */
  async seller(): Promise<Seller> {
    return sellerOf(await this.#state());
  }

  /** The seller's country; null if it is not known yet. */
  async country(): Promise<string | null> {
    const state = await this.#state();
    return state.status === 'none' ? null : state.address.country;
  }

  /** Settings for invoices; the defaults until the organization is set. */
  async settings(): Promise<InvoiceSettings> {
    const state = await this.#state();
    return state.status === 'none' ? ORGANIZATION_DEFAULTS : state;
  }

  async #state(): Promise<OrganizationState> {
    return (await this.store.load(organizationStream, ORGANIZATION)).state;
  }
}

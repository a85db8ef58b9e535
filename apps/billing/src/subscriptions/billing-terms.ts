import { Inject, Injectable } from '@nestjs/common';
import type { Dunning } from '#domain/billing/subscription/subscription.payments';
import type { SubscriptionProvider } from '#domain/billing/subscription/subscription.events';
import { addDays, type Time } from '#domain/shared/time';
import type { MasterKey } from '#platform/crypto/keys';
import { sealRecipient } from '#platform/crypto/recipient';
import { MASTER_KEY } from '#platform/service';
import { type Customer, Customers } from '../customers/customers.ts';
import { SubscriptionSettings } from './subscription.settings.ts';

/** Days for which the first payment of a subscription may be repeated: with another card, or after the due date of a transfer. */
const PAYMENT_WINDOW_DAYS = 1;
const TRANSFER_WINDOW_DAYS = 14;

/** What depends on the customer and on the settings of this installation. */
@Injectable()
export class BillingTerms {
  constructor(
    private readonly customers: Customers,
    private readonly settings: SubscriptionSettings,
    @Inject(MASTER_KEY) private readonly masterKey: MasterKey,
  ) {}

  /** Days until an invoice is due; null = at once, as its payment is collected. */
  async dueDays(provider: SubscriptionProvider, customer_id: string): Promise<number | null> {
    return provider === 'bank_transfer' ? this.dueDaysOf(provider, await this.customers.present(customer_id)) : null;
  }

  /** As `dueDays`. @param customer undefined = it has no terms of its own */
  dueDaysOf(provider: SubscriptionProvider, customer: Pick<Customer, 'payment_terms_days'> | undefined): number | null {
    if (provider !== 'bank_transfer') return null;
    return customer?.payment_terms_days ?? this.settings.invoice_due_days;
  }

  /** Until when the first payment may arrive. */
  pendingUntil(now: Time, due_days: number | null): Time {
    return addDays(now, due_days === null ? PAYMENT_WINDOW_DAYS : due_days + TRANSFER_WINDOW_DAYS);
  }

  /** The customer, sealed for licensing, which sends the license key; null once the person has been forgotten. */
  async recipient(customer_id: string, subscription_id: string): Promise<string | null> {
    const { email, name, locale } = await this.customers.present(customer_id);
    return email === null ? null : sealRecipient(this.masterKey, { email, name, locale }, subscription_id);
  }

  /** How long a payment may be missing. */
  get dunning(): Dunning {
    const { dunning_days, unpaid_days } = this.settings;
    return { reminder_days: dunning_days, unpaid_days };
  }
}

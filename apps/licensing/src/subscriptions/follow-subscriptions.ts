import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import type { BillingCommand } from '#domain/licensing/license/license.billing';
import type { PublishedEvent } from '#events/event';
import { Subscribe } from '#events/nest/event-transport';
import type { OfSubscription, SubscriptionEvents, SubscriptionEventType } from './billing-events.ts';
import { eachSubject } from './each-subject.ts';
import { COMMANDS, isFollowed, isPaid, type On } from './license-commands.ts';
import { SoldLicenses } from './sold-licenses.ts';

type Data<Type extends SubscriptionEventType> = OfSubscription & SubscriptionEvents[Type];

/** Issues the license of a subscription when it is activated, and changes the license with each later event. */
@Controller()
export class FollowSubscriptions {
  constructor(private readonly sold: SoldLicenses) {}

  @Subscribe({
    service: 'licensing',
    name: 'follow-subscriptions',
    sources: ['billing'],
    types: ['subscription.*'],
  })
  async on(@Payload() batch: readonly PublishedEvent[]): Promise<void> {
    await eachSubject(batch, (event) => this.#follow(event));
  }

  async #follow(event: PublishedEvent): Promise<void> {
    const { type } = event;
    if (!isFollowed(type)) return;
    const data = event.data as unknown as OfSubscription;
    if (type === 'subscription.activated' && (await this.#issued(event))) return;
    const license = await this.sold.find(data.license_id);
    // A subscription that ends before it was activated has no license.
    if (license.status === 'none' && !(await this.sold.exists(data.license_id))) return;
    if (license.status !== 'none' && license.subscription_version >= event.streamversion) return;
    const command = COMMANDS[type] as (event: OfSubscription, on: On) => BillingCommand;
    await this.sold.follow(
      data.license_id,
      data.plan_id,
      (plan, to, now) => command(data, { plan, to, now, subscription_version: event.streamversion }),
      event,
    );
  }

  async #issued(event: PublishedEvent): Promise<boolean> {
    const data = event.data as unknown as Data<'subscription.activated'>;
    const { license_id, plan_id, customer_id, recipient_sealed, quantity, provider, subscriber } = data;
    const existing = await this.sold.find(license_id);
    if (existing.status !== 'none') return false;
    const order = {
      license_id,
      plan_id,
      customer_id,
      recipient_sealed,
      quantity,
      sale: { subscription_id: event.subject, payment_provider: provider, invoice_id: null },
      external_customer_id: subscriber,
      from: data.period_start,
      valid_until: data.valid_until,
      trial: data.trial,
      paid: isPaid(data),
      subscription_version: event.streamversion,
    };
    return this.sold.issue(order, event);
  }
}

import { Inject, Injectable } from '@nestjs/common';
import type { WantedLine } from '#domain/billing/invoice/invoice.lines';
import { usageLines } from '#domain/billing/pricing/usage';
import type { Offer } from '#domain/billing/subscription/offer';
import type { SubscriptionEvent } from '#domain/billing/subscription/subscription.events';
import type { Subscription } from '#domain/billing/subscription/subscription';
import { type ChargedStretch, chargedStretches, type Stretch, stretchesOf } from '#domain/billing/usage/usage-history';
import { LATE_MS, periodOf } from '#domain/licensing/usage/period';
import { type Time, toTime } from '#domain/shared/time';
import type { EventStore } from '#events/store';
import { EVENT_STORE } from '#platform/service';
import { UsageStore } from './usage-store.ts';

/** A stretch of a price to charge now. */
interface Due extends Stretch {
  /** What earlier charges of the stretch have billed; null = nothing was charged. */
  readonly billed: string | null;
}

/** Number of events that are read at once. */
const PAGE = 1_000;

/** Usage as lines of invoices. */
@Injectable()
export class UsageCharges {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly usage: UsageStore,
  ) {}

  /**
   * The lines for what the license of a subscription has used until `until` (exclusive) and was not charged for, by the price that
   * applied at the time of the usage. Usage that arrived after its period was charged is in lines of its own, with that period.
   *
   * The result depends on the charges of the subscription so far: decide with its version (`expectedVersion`), so that two charges
   * at the same time do not both contain it.
   * @param subscription its state now
   * @param offer what is subscribed to now
   * @returns no lines if neither the price is metered nor an earlier price of the period
   */
  async lines(
    subscription_id: string,
    subscription: Subscription,
    offer: Offer,
    until: Time,
  ): Promise<readonly WantedLine[]> {
    if (offer.price.usage === null) return [];
    const open = stretchesOf(subscription.priced, until);
    const charged = chargedStretches(await this.#events(subscription_id));
    const due = [
      ...open.map((stretch) => dueOf(stretch, charged)),
      ...(await this.#late(subscription, offer, charged)),
    ];
    return this.#lines(
      subscription,
      offer,
      due.filter(({ price_id }) => price_id === offer.price_id),
    );
  }

  async #lines(
    { license_id }: Subscription,
    { price_id, price, plan }: Offer,
    due: readonly Due[],
  ): Promise<WantedLine[]> {
    if (price.usage === null || due.length === 0) return [];
    const { feature, aggregation } = price.usage;
    const values = await this.usage.values(license_id, feature, aggregation, due);
    return due.flatMap(({ start, end, billed }, at) => {
      const used = values[at] ?? '0';
      const late = billed === null ? null : { billed };
      const lines = usageLines({ ...price, id: price_id }, used, { start, end }, `${plan.name}: ${feature}`, late);
      return lines.map((line) => ({ ...line, used }));
    });
  }

  /** Charged stretches that usage may have been added to since. */
  async #late(
    { license_id, priced }: Subscription,
    { price }: Offer,
    charged: readonly ChargedStretch[],
  ): Promise<Due[]> {
    const before = priced?.prices[0]?.from;
    if (price.usage === null || before === undefined || charged.length === 0) return [];
    const longest = await this.usage.longestPeriod(license_id, price.usage.feature);
    if (longest === undefined) return [];
    // When they were charged, usage was still accepted for quota periods that ended three days before.
    const oldest = periodOf(longest, toTime(Date.parse(before) - LATE_MS)).start;
    return charged.filter(({ start, end }) => end > oldest && start < before);
  }

  async #events(subscription_id: string): Promise<readonly SubscriptionEvent[]> {
    const events: SubscriptionEvent[] = [];
    for (let after = 0; ; after += PAGE) {
      const page = await this.store.readStream<SubscriptionEvent>(subscription_id, { after, limit: PAGE });
      events.push(...page.map(({ event }) => event));
      if (page.length < PAGE) return events;
    }
  }
}

const dueOf = (stretch: Stretch, charged: readonly ChargedStretch[]): Due => {
  const known = charged.find(({ price_id, start }) => price_id === stretch.price_id && start === stretch.start);
  return { ...stretch, billed: known?.billed ?? null };
};

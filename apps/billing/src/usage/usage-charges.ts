import { Inject, Injectable } from '@nestjs/common';
import type { WantedLine } from '#domain/billing/invoice/invoice.lines';
import { usageLines } from '#domain/billing/pricing/usage';
import type { SoldPrice } from '#domain/billing/pricing/lines';
import type { Offer } from '#domain/billing/subscription/offer';
import type { SubscriptionEvent } from '#domain/billing/subscription/subscription.events';
import type { Subscription } from '#domain/billing/subscription/subscription';
import { type ChargedStretch, chargedStretches, type Stretch, stretchesOf } from '#domain/billing/usage/usage-history';
import { LATE_MS, periodOf } from '#domain/licensing/usage/period';
import { type Time, toTime } from '#domain/shared/time';
import type { EventStore } from '#events/store';
import { EVENT_STORE } from '#platform/service';
import { KnownPlans } from '../plans/known-plans.ts';
import { Prices } from '../prices/prices.ts';
import { UsageStore } from './usage-store.ts';

/** A stretch to charge now. */
interface Due extends Stretch {
  /** What earlier charges of the stretch contain; null = nothing of it was charged. */
  readonly billed: string | null;
}

/** A metered price with the name of its plan. */
interface Metered {
  readonly price: SoldPrice & { readonly usage: NonNullable<SoldPrice['usage']> };
  readonly name: string;
}

/** Number of events that are read at once. */
const PAGE = 1_000;

/** Usage as lines of invoices. */
@Injectable()
export class UsageCharges {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly usage: UsageStore,
    private readonly prices: Prices,
    private readonly plans: KnownPlans,
  ) {}

  /**
   * The lines for what the license of a subscription has used until `until` (exclusive) and was not charged for, by the price that
   * applied at the time of the usage. Usage that arrived after its period was charged is in lines of its own, with that period.
   * None if no price is metered.
   *
   * The result depends on the charges of the subscription so far: decide with its version (`expectedVersion`), so that two charges
   * at the same time do not both contain it.
   * @param subscription its state now
   * @param offer what is subscribed to now
   */
  async lines(
    subscription_id: string,
    subscription: Subscription,
    offer: Offer,
    until: Time,
  ): Promise<readonly WantedLine[]> {
    const open = stretchesOf(subscription.priced, until);
    if (!(await this.#mayCharge(subscription, offer, open))) return [];
    const charged = chargedStretches(await this.#events(subscription_id));
    const since = open[0]?.start ?? until;
    const lines: WantedLine[] = [];
    for (const [price_id, stretches] of Map.groupBy([...open, ...charged], ({ price_id: id }) => id)) {
      const metered = await this.#metered(price_id, offer);
      if (metered === undefined) continue;
      const present = stretches.filter((stretch) => open.includes(stretch)).map((stretch) => dueOf(stretch, charged));
      const past = charged.filter((stretch) => stretch.price_id === price_id && stretch.start < since);
      const late = await this.#late(subscription.license_id, metered, past, since);
      lines.push(...(await this.#lines(subscription.license_id, metered, [...present, ...late])));
    }
    return lines;
  }

  /**
   * Until when usage of a subscription that ends may become known: licensing takes it late, and billing hears of it a moment later.
   * @param end when it ends
   * @returns null if there is nothing to wait for: no price is metered
   */
  async openUntil(subscription: Subscription, offer: Offer, end: Time): Promise<Time | null> {
    const open = stretchesOf(subscription.priced, end);
    if (open.length === 0 || !(await this.#mayCharge(subscription, offer, open))) return null;
    return toTime(Date.parse(end) + LATE_MS);
  }

  /** false if neither the present price nor one before it is metered, as far as a quick look shows. */
  async #mayCharge({ license_id }: Subscription, offer: Offer, open: readonly Stretch[]): Promise<boolean> {
    if (offer.price.usage !== null || open.some(({ price_id }) => price_id !== offer.price_id)) return true;
    return this.usage.hasUsed(license_id);
  }

  async #lines(license_id: string, { price, name }: Metered, due: readonly Due[]): Promise<WantedLine[]> {
    if (due.length === 0) return [];
    const { feature, aggregation } = price.usage;
    const values = await this.usage.values({ license_id, feature }, aggregation, due);
    return due.flatMap(({ start, end, billed }, at) => {
      const used = values[at] ?? '0';
      const lines = usageLines(price, used, { start, end }, name, billed === null ? null : { billed });
      return lines.map((line) => ({ ...line, used }));
    });
  }

  /** The charged stretches to which licensing could still add usage when they were charged. */
  async #late(license_id: string, { price }: Metered, past: readonly ChargedStretch[], since: Time): Promise<Due[]> {
    if (past.length === 0) return [];
    const longest = await this.usage.longestPeriod(license_id, price.usage.feature);
    if (longest === undefined) return [];
    const oldest = periodOf(longest, toTime(Date.parse(since) - LATE_MS)).start;
    return past.filter(({ end }) => end > oldest);
  }

  /** undefined for a flat price. */
  async #metered(price_id: string, offer: Offer): Promise<Metered | undefined> {
    const price = price_id === offer.price_id ? offer.price : await this.prices.find(price_id);
    const { usage, plan_id } = price;
    if (usage === null) return undefined;
    const plan = plan_id === offer.plan.plan_id ? offer.plan : await this.plans.find(plan_id);
    return {
      price: { ...price, id: price_id, usage },
      name: plan === undefined ? usage.feature : `${plan.name}: ${usage.feature}`,
    };
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

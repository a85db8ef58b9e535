import type { Time } from '../../shared/time.ts';
import type { Period, WantedLine } from '../invoice/invoice.lines.ts';
import { type Priced, pricedAfter } from '../subscription/subscription.priced.ts';
import type { SubscriptionEvent } from '../subscription/subscription.events.ts';

/** A time in which the usage of a subscription costs what one price says. */
export interface Stretch extends Period {
  readonly price_id: string;
}

/** A stretch whose usage was charged, even if there was none. */
export interface ChargedStretch extends Stretch {
  /** The usage that was charged, as a decimal. */
  readonly billed: string;
}

/** The stretches until `until` whose usage was not charged yet, oldest first. */
export const stretchesOf = (priced: Priced | null, until: Time): readonly Stretch[] => {
  const prices = priced?.prices ?? [];
  return prices.flatMap(({ price_id, from: start }, at) => {
    const next = prices[at + 1]?.from ?? until;
    const end = next < until ? next : until;
    return start < end ? [{ price_id, start, end }] : [];
  });
};

/**
 * The stretches of a subscription whose usage was charged, by its own events. An event holds the lines that were decided, so a
 * charge counts from its decision on, and not only once its invoice has a number.
 */
export const chargedStretches = (events: Iterable<SubscriptionEvent>): readonly ChargedStretch[] => {
  const charged = new Map<string, ChargedStretch>();
  let priced: Priced | null = null;
  for (const event of events) {
    const after = pricedAfter(priced, event);
    const until = endOf(event, priced, after);
    if (until !== null)
      for (const stretch of stretchesOf(priced, until)) charged.set(keyOf(stretch), { ...stretch, billed: '0' });
    for (const line of linesOf(event)) note(charged, line);
    priced = after;
  }
  return [...charged.values()];
};

/** The end of what the event charges; null = it charges no usage. */
const endOf = (event: SubscriptionEvent, before: Priced | null, after: Priced | null): Time | null => {
  if (event.type === 'subscription.canceled') return event.canceled_at;
  const isNew = event.type === 'subscription.renewal_invoiced' || event.type === 'subscription.renewed';
  return isNew && before !== after ? event.period_start : null;
};

const linesOf = (event: SubscriptionEvent): readonly WantedLine[] => ('charge' in event && event.charge?.lines) || [];

/** Later lines of a stretch are for late usage; each line says all that is charged with it. */
const note = (charged: Map<string, ChargedStretch>, { price_id, period, used }: WantedLine): void => {
  if (price_id === null || period === null || used === undefined) return;
  const key = keyOf({ price_id, start: period.start });
  charged.set(key, { ...period, price_id, billed: used });
};

const keyOf = ({ price_id, start }: Pick<Stretch, 'price_id' | 'start'>): string => `${price_id} ${start}`;

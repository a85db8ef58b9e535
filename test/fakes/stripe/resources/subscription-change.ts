import { invalid } from '../errors.ts';
import type { InvoiceLine, Subscription, SubscriptionItem } from '../objects.ts';
import { mergedMetadata, type Params } from '../params.ts';
import type { World } from '../world.ts';
import { creditLines, isMetered, licensedLine, remainingLine } from './invoice-line.ts';
import { periodOf, itemOf, newItem, quantityOf, recurringPrice, checkItems } from './subscription-item.ts';
import { priceOf } from './price.ts';

export type Proration = 'create_prorations' | 'always_invoice' | 'none';

/** A change of items that has not happened yet: a preview shows its lines, an update takes them. */
export interface Change {
  readonly items: readonly SubscriptionItem[];
  readonly lines: readonly InvoiceLine[];
  /** The new anchor, where the change moves it: then a whole period is billed at once. */
  readonly anchor: number | null;
  readonly behavior: Proration;
  readonly date: number;
  /** Items whose debits the lines have credited. */
  readonly credited: readonly string[];
}

const sameTerms = (a: SubscriptionItem, b: SubscriptionItem): boolean =>
  a.price.id === b.price.id && (a.quantity ?? 1) === (b.quantity ?? 1);

const sameInterval = (a: SubscriptionItem, b: SubscriptionItem): boolean =>
  a.price.recurring?.interval === b.price.recurring?.interval &&
  a.price.recurring?.interval_count === b.price.recurring?.interval_count;

const itemsAfter = (world: World, subscription: Subscription, entries: readonly Params[]): SubscriptionItem[] => {
  const after = new Map(subscription.items.data.map((item) => [item.id, item]));
  const [first] = subscription.items.data;
  for (const entry of entries) {
    const id = entry.text('id');
    if (id === undefined) {
      const start = world.now();
      const item = newItem(world, subscription.id, entry, { start, end: first?.current_period_end ?? start });
      after.set(item.id, item);
      continue;
    }
    const item = itemOf(subscription, id, entry.at('id'));
    if (entry.flag('deleted')) {
      entry.ignore('clear_usage');
      after.delete(id);
      continue;
    }
    const given = entry.text('price');
    const price = given === undefined ? item.price : priceOf(world, recurringPrice(world, given, entry.at('price')).id);
    after.set(id, {
      ...item,
      price,
      metadata: mergedMetadata(item.metadata, entry),
      ...quantityOf(price, entry, item.quantity),
    });
  }
  return [...after.values()];
};

/** @param params with `items`, `proration_behavior`, `proration_date`, `billing_cycle_anchor` */
export const planChange = (world: World, subscription: Subscription, params: Params): Change => {
  const now = world.now();
  const date = params.integer('proration_date') ?? now;
  const [first] = subscription.items.data;
  if (first === undefined) throw new Error(`${subscription.id} has no items`);
  if (params.has('proration_date') && (date < first.current_period_start || date > first.current_period_end))
    throw invalid('The proration date must be within the current period.', { param: params.at('proration_date') });
  const behavior =
    params.choice('proration_behavior', ['create_prorations', 'always_invoice', 'none']) ?? 'create_prorations';
  const restarts = params.hash('billing_cycle_anchor')?.needChoice('type', ['now', 'unchanged']) === 'now';
  const entries = params.list('items');
  const items = entries === undefined ? [...subscription.items.data] : itemsAfter(world, subscription, entries);
  checkItems(items, subscription.currency);
  const [changed] = items;
  const moves = restarts || (changed !== undefined && !sameInterval(first, changed));
  if (subscription.status === 'trialing' && !moves)
    return { items, lines: [], anchor: null, behavior, date, credited: [] };
  const before = subscription.items.data;
  const differing = items.filter(
    (item) => moves || !before.some((former) => former.id === item.id && sameTerms(former, item)),
  );
  const gone = before.filter(
    (former) => moves || !items.some((item) => item.id === former.id && sameTerms(former, item)),
  );
  const prorates = behavior !== 'none';
  const credits = prorates ? gone.flatMap((item) => creditLines(world, item, date)) : [];
  const charges = differing
    .filter((item) => !isMetered(item))
    .flatMap((item) => {
      if (moves) return [licensedLine(world, item, periodOf(item, date, date))];
      if (!prorates) return [];
      return [remainingLine(world, item, date, periodOf(item, subscription.billing_cycle_anchor, date))];
    });
  return {
    items: items.map((item) => {
      if (!moves) return item;
      const period = periodOf(item, date, date);
      return { ...item, current_period_start: period.start, current_period_end: period.end, billed_until: period.end };
    }),
    lines: [...credits, ...charges],
    anchor: moves ? date : null,
    behavior,
    date,
    credited: prorates ? gone.map(({ id }) => id) : [],
  };
};

/** Shortens what was debited for credited items to what they have used. */
export const useUpDebits = (world: World, items: readonly string[], until: number): void => {
  for (const id of items)
    world.debits.set(
      id,
      (world.debits.get(id) ?? []).filter(({ period }) => period.end <= until),
    );
};

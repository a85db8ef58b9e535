import type { PublishedEvent } from '#events/event';
import type { LogPage, PublishedLog } from '#events/source/published-log';
import { encodePositions, invalidCursor, type Positions } from './event-cursor.ts';
import { type EventFilter, logFilter, passes } from './event-filter.ts';

/** An event with the cursor that stands behind it. */
export interface FeedEvent {
  readonly event: PublishedEvent;
  readonly cursor: string;
}

export interface FeedPage {
  readonly events: readonly FeedEvent[];
  /** How far the logs have been read: beyond the last event, where others lie there that do not pass. */
  readonly positions: Positions;
  /** Whether there was more to look at when this was read. */
  readonly has_more: boolean;
}

/** Events of a service that are looked through for a page of one product's. */
const SCANNED = 500;

/** One service's part of a page. */
interface Part extends LogPage {
  readonly service: string;
  readonly after: number;
}

/** A log itself, or the tail of it that many share. */
export type FeedLog = Pick<PublishedLog, 'service' | 'read'>;

export interface FeedOptions {
  readonly logs: readonly FeedLog[];
  readonly filter: EventFilter;
  readonly limit: number;
  /** Told of a log that cannot be read; the others are read then. Without it the whole page fails. */
  readonly onError?: (error: unknown, service: string) => void;
}

/**
 * A page of all logs. Each service's events come in the order in which they were recorded; among services the older goes
 * first, as far as their clocks agree.
 * @throws Problem 400 `INVALID_CURSOR` for a position beyond the end of a log, which another installation's cursor may have
 */
export const readFeed = async (positions: Positions, options: FeedOptions): Promise<FeedPage> => {
  const { filter, limit } = options;
  const parts = (await Promise.all(options.logs.map((log) => readPart(log, positions, options)))).filter(
    (part) => part !== undefined,
  );
  const queues = parts.map(({ service, events }) => ({
    service,
    waiting: events.filter((event) => passes(filter, event)),
  }));
  const reached = new Map(positions);
  const events: FeedEvent[] = [];
  while (events.length < limit) {
    const next = queues
      .filter(({ waiting }) => waiting.length > 0)
      .reduce<(typeof queues)[number] | undefined>((first, queue) => (before(queue, first) ? queue : first), undefined);
    const event = next?.waiting.shift();
    if (next === undefined || event === undefined) break;
    reached.set(next.service, event.position);
    events.push({ event, cursor: encodePositions(reached) });
  }
  for (const { service, waiting } of queues) {
    const part = parts.find((one) => one.service === service);
    if (part !== undefined && waiting.length === 0) reached.set(service, part.position);
  }
  const has_more = parts.some(({ service, head }) => (reached.get(service) ?? 0) < head);
  return { events, positions: reached, has_more };
};

/** Where the logs end now. */
export const readHeads = async (logs: readonly FeedLog[]): Promise<Positions> =>
  new Map(await Promise.all(logs.map(async (log) => [log.service, (await log.read(0, 1)).head] as const)));

const readPart = async (
  log: FeedLog,
  positions: Positions,
  { filter, limit, onError }: FeedOptions,
): Promise<Part | undefined> => {
  const { service } = log;
  const after = positions.get(service) ?? 0;
  // Which product an event belongs to shows only when it has been read.
  const scanned = filter.product_id === null ? limit : SCANNED;
  try {
    const page = await log.read(after, scanned, logFilter(filter));
    if (page.head < after) throw invalidCursor(`lies beyond the end of the log of ${service}`);
    return { service, after, ...page };
  } catch (error) {
    if (onError === undefined) throw error;
    onError(error, service);
    return undefined;
  }
};

const before = (
  { waiting: [a] }: { readonly waiting: readonly PublishedEvent[] },
  other: { readonly waiting: readonly PublishedEvent[] } | undefined,
): boolean => {
  const b = other?.waiting[0];
  return a !== undefined && (b === undefined || a.time < b.time);
};

import type { PublishedEvent } from '#events/event';
import type { LogPage, PublishedLog } from '#events/source/published-log';
import { encodePositions, invalidCursor, type Positions } from './event-cursor.ts';
import { type EventFilter, logFilter, passes } from './event-filter.ts';

/** An event with the cursor behind it. */
export interface FeedEvent {
  readonly event: PublishedEvent;
  readonly cursor: string;
}

export interface FeedPage {
  readonly events: readonly FeedEvent[];
  /** How far the logs have been read: beyond the last event if filtered events follow it. */
  readonly positions: Positions;
  /** Whether there was more to read at that time. */
  readonly has_more: boolean;
}

/** Number of events of a service that are read for one page of a single product. */
const SCANNED = 500;

/** One service's part of a page. */
interface Part extends LogPage {
  readonly service: string;
  readonly after: number;
}

/** A log itself, or its tail that many readers share. */
export type FeedLog = Pick<PublishedLog, 'service' | 'read'>;

export interface FeedOptions {
  readonly logs: readonly FeedLog[];
  readonly filter: EventFilter;
  readonly limit: number;
  /**
   * Receives the error of a log that cannot be read; the other logs are read nevertheless. Without it the whole page fails.
   */
  readonly onError?: (error: unknown, service: string) => void;
}

/**
 * A page of all logs. Each service's events come in the order in which they were recorded. Events of different services are
 * ordered by time, as far as the clocks of the services agree.
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

/** The current ends of the logs. */
export const readHeads = async (logs: readonly FeedLog[]): Promise<Positions> =>
  new Map(await Promise.all(logs.map(async (log) => [log.service, (await log.read(0, 1)).head] as const)));

const readPart = async (
  log: FeedLog,
  positions: Positions,
  { filter, limit, onError }: FeedOptions,
): Promise<Part | undefined> => {
  const { service } = log;
  const after = positions.get(service) ?? 0;
  // The product of an event is known only after the event has been read.
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

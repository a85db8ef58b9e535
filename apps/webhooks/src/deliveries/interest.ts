import { type Filter, passes } from '#domain/webhooks/webhook-endpoint/filter';
import type { Ordering } from '#domain/webhooks/webhook-endpoint/webhook-endpoint';
import type { PublishedEvent } from '#events/event';
import { matches } from '../endpoints/event-types.ts';

/** What an endpoint wants to be sent. */
export interface Interest {
  readonly id: string;
  /** null = the events of all products. */
  readonly product_id: string | null;
  /** Event types and wildcards. */
  readonly events: readonly string[];
  readonly filter: Filter | null;
}

/** An event about a webhook is not sent to that webhook: it would be told of its own failures, and fail. */
export const wants = ({ id, product_id, events, filter }: Interest, event: PublishedEvent): boolean =>
  matches(events, event.type) &&
  (product_id === null || product_id === event.data['product_id']) &&
  event.subject !== id &&
  event.data['webhook_id'] !== id &&
  // JSON's null and SQL's alike come as null.
  (filter === null || passes(filter, event));

/** What must not be overtaken by another of the same name; null = anything may. */
export const queueOf = (ordering: Ordering, subject: string): string | null =>
  ordering === 'none' ? null : ordering === 'strict' ? '*' : subject;

import { type Filter, passes } from '#domain/webhooks/webhook-endpoint/filter';
import type { Ordering } from '#domain/webhooks/webhook-endpoint/webhook-endpoint';
import type { PublishedEvent } from '#events/event';
import { matches } from '../endpoints/event-types.ts';

/** Which events an endpoint wants. */
export interface Interest {
  readonly id: string;
  /** null = the events of all products. */
  readonly product_id: string | null;
  /** Event types and wildcards. */
  readonly events: readonly string[];
  readonly filter: Filter | null;
}

/** An event about a webhook is not sent to that webhook: the news of a failure would make another failure. */
export const wants = ({ id, product_id, events, filter }: Interest, event: PublishedEvent): boolean =>
  matches(events, event.type) &&
  (product_id === null || product_id === event.data['product_id']) &&
  event.subject !== id &&
  event.data['webhook_id'] !== id &&
  // Both JSON null and SQL null arrive as null.
  (filter === null || passes(filter, event));

/** Queue of an event: deliveries of one queue keep their order. null = no order. */
export const queueOf = (ordering: Ordering, subject: string): string | null =>
  ordering === 'none' ? null : ordering === 'strict' ? '*' : subject;

import type { DomainEvent, Upcasters } from './decider.ts';

/** JSON Schema (2020-12) as a plain object. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What is published of an event. An event type without a contract never leaves its service. */
export interface EventContract<Event extends DomainEvent = DomainEvent> {
  readonly type: string;
  /** The service that emits it: `licensing`, `gateway`, … */
  readonly service: string;
  readonly schema_version: number;
  /** When it is emitted and what it means, for the catalogue. */
  readonly description: string;
  /** Schema of the published `data`. A published schema only grows. */
  readonly data: JsonSchema;
  readonly example: Readonly<Record<string, unknown>>;
  /** Example id of the aggregate, for the catalogue's example of a whole event. */
  readonly subject: string;
  /** Field that names the product the event belongs to is always `product_id` in the published data (null when none). */
  publish(this: void, event: Event): Record<string, unknown>;
  /** Upcasters of the event's stream type: older events are upcast to the current schema before they are published. */
  readonly upcasters?: Upcasters;
}

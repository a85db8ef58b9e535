import type { DomainEvent } from './decider.ts';

export type ActorType = 'user' | 'api_key' | 'license' | 'system' | 'provider';

export interface Actor {
  readonly type: ActorType;
  readonly id: string;
}

/** The origin of a command. It is stored with each event that the command appends. */
export interface EventMetadata {
  readonly actor: Actor;
  /** One id for everything that a request caused. */
  readonly correlation_id: string;
  /** Id of the event that caused this one, or of the request. */
  readonly causation_id?: string;
  /** W3C trace context of the span that appended the event. */
  readonly traceparent?: string;
  readonly command_id?: string;
}

/** An event as the store returns it: upcast to the current schema, personal data decrypted (null when forgotten). */
export interface RecordedEvent<Event extends DomainEvent = DomainEvent> {
  /** `evt_…`, unique forever; also the CloudEvents id and the webhook id. */
  readonly id: string;
  /** Position in the service's log: ascending in commit order, with gaps. */
  readonly position: number;
  readonly stream_id: string;
  /** 1, 2, 3 … within the stream. */
  readonly version: number;
  readonly type: string;
  readonly schema_version: number;
  /** `{ type, ...fields }`. */
  readonly event: Event;
  readonly metadata: EventMetadata;
  /** RFC 3339 UTC with milliseconds. */
  readonly recorded_at: string;
}

/** A decided event that is not in the log yet, so it has no position and no time. */
export type UnrecordedEvent<Event extends DomainEvent = DomainEvent> = Omit<
  RecordedEvent<Event>,
  'position' | 'recorded_at'
>;

/** The form in which an event leaves its service: CloudEvents 1.0 with our extension attributes. Data per its contract. */
export interface PublishedEvent<Data = Record<string, unknown>> {
  readonly specversion: '1.0';
  readonly id: string;
  /** `keyledger/<service>`. */
  readonly source: string;
  readonly type: string;
  /** The aggregate's id = the stream id = the Kafka key. */
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly dataschema: string;
  /** Version within the stream. */
  readonly streamversion: number;
  /** Position in the service's log. */
  readonly position: number;
  readonly traceparent?: string;
  readonly correlationid: string;
  readonly actortype: ActorType;
  readonly actorid: string;
  readonly data: Data;
}

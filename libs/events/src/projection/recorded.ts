import type { DomainEvent } from '../decider.ts';
import type { PublishedEvent, RecordedEvent } from '../event.ts';

/** Another service's event in a projection. Its data is kept separate, since published data may have its own field `type`. */
export interface ForeignEvent<Type extends string = string, Data = Record<string, unknown>> extends DomainEvent {
  readonly type: Type;
  readonly data: Data;
}

/**
 * Converts another service's published event for projections, so that one `tableProjection` handles own and foreign events.
 */
export const recordedFrom = (published: PublishedEvent): RecordedEvent<ForeignEvent> => ({
  id: published.id,
  position: published.position,
  stream_id: published.subject,
  version: published.streamversion,
  type: published.type,
  schema_version: Number(published.dataschema.slice(published.dataschema.lastIndexOf(':') + 1)),
  event: { type: published.type, data: published.data },
  metadata: {
    actor: { type: published.actortype, id: published.actorid },
    correlation_id: published.correlationid,
    causation_id: published.id,
    ...(published.traceparent === undefined ? {} : { traceparent: published.traceparent }),
  },
  recorded_at: published.time,
});

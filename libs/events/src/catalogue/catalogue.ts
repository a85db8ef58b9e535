import type { EventContract, JsonSchema } from '../contract.ts';
import { topicOf } from '../kafka/topic.ts';
import type { PublishedEvent } from '../event.ts';
import { dataschema } from '../publish.ts';
import { openSchema } from './open-schema.ts';

/** What a consumer needs to know about an event type before it subscribes. */
export interface CatalogueEntry {
  readonly type: string;
  readonly service: string;
  readonly topic: string;
  readonly schema_version: number;
  readonly dataschema: string;
  /** When it is emitted and what it means. */
  readonly description: string;
  /** JSON Schema (2020-12) of the event's `data`. It allows additional fields, because fields may be added later. */
  readonly schema: JsonSchema;
  /** Examples of `data`. */
  readonly example: Readonly<Record<string, unknown>>;
  /** Examples of whole events. */
  readonly examples: readonly PublishedEvent[];
  /** Number of versions that the schema has had. Older events are upcast to the current version before they are published. */
  readonly versions: readonly SchemaVersion[];
}

export interface SchemaVersion {
  readonly schema_version: number;
  readonly dataschema: string;
  readonly current: boolean;
}

/** The published events, by type. */
export const catalogue = (contracts: readonly EventContract<never>[]): { data: CatalogueEntry[] } => ({
  data: contracts
    .map((contract) => ({
      type: contract.type,
      service: contract.service,
      topic: topicOf(contract.service),
      schema_version: contract.schema_version,
      dataschema: dataschema(contract),
      description: contract.description,
      schema: openSchema(contract.data),
      example: contract.example,
      examples: [exampleOf(contract)],
      versions: versionsOf(contract),
    }))
    .sort((a, b) => (a.type < b.type ? -1 : 1)),
});

/** An example of the whole event. The ids in its data are the ids of other examples in the catalogue. */
const exampleOf = (contract: EventContract<never>): PublishedEvent => ({
  specversion: '1.0',
  id: 'evt_01jd20a6n3e8tbc5k7r9w1x3yz',
  source: `keyledger/${contract.service}`,
  type: contract.type,
  subject: contract.subject,
  time: '2026-01-31T09:00:00.123Z',
  datacontenttype: 'application/json',
  dataschema: dataschema(contract),
  streamversion: 7,
  position: 4_711,
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  correlationid: 'req_01jd20a6mx4q8nza2h6v0c5ekp',
  actortype: 'api_key',
  actorid: 'key_01jd1zv7p2f9m4g6s8t0b3d5hj',
  data: contract.example,
});

const versionsOf = (contract: EventContract<never>): SchemaVersion[] =>
  Array.from({ length: contract.schema_version }, (_, n) => ({
    schema_version: n + 1,
    dataschema: dataschema({ ...contract, schema_version: n + 1 }),
    current: n + 1 === contract.schema_version,
  }));

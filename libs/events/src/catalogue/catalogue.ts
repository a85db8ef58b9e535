import type { EventContract, JsonSchema } from '../contract.ts';
import { topicOf } from '../kafka/topic.ts';
import { dataschema } from '../publish.ts';

/** What there is to know of an event type before subscribing to it. */
export interface CatalogueEntry {
  readonly type: string;
  readonly service: string;
  readonly topic: string;
  readonly schema_version: number;
  readonly dataschema: string;
  readonly description: string;
  /** JSON Schema (2020-12) of the event's `data`. */
  readonly schema: JsonSchema;
  readonly example: Readonly<Record<string, unknown>>;
}

/** The events that the world may hear of, by type. */
export const catalogue = (contracts: readonly EventContract<never>[]): { data: CatalogueEntry[] } => ({
  data: contracts
    .map((contract) => ({
      type: contract.type,
      service: contract.service,
      topic: topicOf(contract.service),
      schema_version: contract.schema_version,
      dataschema: dataschema(contract),
      description: contract.description,
      schema: contract.data,
      example: contract.example,
    }))
    .sort((a, b) => (a.type < b.type ? -1 : 1)),
});

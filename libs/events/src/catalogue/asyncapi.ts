import type { EventContract } from '../contract.ts';
import { topicOf } from '../kafka/topic.ts';
import { openSchema } from './open-schema.ts';

export interface AsyncApiOptions {
  /** Kafka brokers, `host:port`. */
  readonly servers: readonly string[];
  readonly version?: string;
}

type Json = Record<string, unknown>;

const text = (description: string): Json => ({ type: 'string', description });

/** Headers of every message: CloudEvents' attributes in binary mode. */
const HEADERS: Json = {
  type: 'object',
  required: [
    'ce_specversion',
    'ce_id',
    'ce_source',
    'ce_type',
    'ce_subject',
    'ce_time',
    'ce_position',
    'ce_streamversion',
  ],
  properties: {
    ce_specversion: { type: 'string', const: '1.0' },
    ce_id: text('Unique forever: an event that is delivered again has the same id.'),
    ce_source: text('keyledger/<service>'),
    ce_type: text('The type of the event.'),
    ce_subject: text('Id of the aggregate; also the key of the message, so its events keep their order.'),
    ce_time: { type: 'string', format: 'date-time' },
    ce_dataschema: text('Name of the schema of the data.'),
    ce_streamversion: text('1, 2, 3 … within the subject, in decimal.'),
    ce_position: text('Place in the service’s log, in decimal; ascends within a partition.'),
    ce_traceparent: text('W3C trace context.'),
    ce_correlationid: text('One id for everything that a request caused.'),
    ce_actortype: { type: 'string', enum: ['user', 'api_key', 'license', 'system', 'provider'] },
    ce_actorid: text('Id of the actor that caused the event.'),
    'content-type': { type: 'string', const: 'application/json' },
  },
};

/** The AsyncAPI 3.0 document of the topics: one channel per service, one message per event type. */
export const asyncApi = (
  contracts: readonly EventContract<never>[],
  { servers, version = '1' }: AsyncApiOptions,
): Json => {
  const byService = Object.entries(Object.groupBy(contracts, ({ service }) => service));
  const channels = byService.map(([service, published = []]) => [
    service,
    {
      address: topicOf(service),
      description: `The events of ${service}.`,
      messages: Object.fromEntries(published.map(({ type }) => [type, { $ref: `#/components/messages/${type}` }])),
      bindings: { kafka: { topic: topicOf(service), bindingVersion: '0.5.0' } },
    },
  ]);
  const operations = byService.map(([service]) => [
    `publish-${service}`,
    {
      action: 'send',
      channel: { $ref: `#/channels/${service}` },
      summary: `Keyledger publishes the events of ${service}.`,
    },
  ]);
  const messages = contracts.map(({ type, description, data, example }) => [
    type,
    {
      name: type,
      summary: description,
      contentType: 'application/json',
      headers: { $ref: '#/components/schemas/CloudEventHeaders' },
      payload: openSchema(data),
      examples: [{ payload: example }],
      bindings: { kafka: { key: { type: 'string', description: 'Id of the aggregate.' }, bindingVersion: '0.5.0' } },
    },
  ]);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Keyledger events',
      version,
      description: 'Domain events as CloudEvents 1.0 over Apache Kafka (binary mode). A published schema only grows.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    servers: Object.fromEntries(servers.map((host, n) => [`kafka${n + 1}`, { host, protocol: 'kafka' }])),
    channels: Object.fromEntries(channels) as Json,
    operations: Object.fromEntries(operations) as Json,
    components: { messages: Object.fromEntries(messages) as Json, schemas: { CloudEventHeaders: HEADERS } },
  };
};

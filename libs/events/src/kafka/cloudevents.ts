import type { IHeaders, KafkaMessage } from 'kafkajs';
import type { PublishedEvent } from '../event.ts';

/** Content type of an event as one JSON document (structured mode): an unchanged `PublishedEvent`. */
export const CLOUDEVENTS_JSON = 'application/cloudevents+json';

/** Attributes with numeric values; in binary mode Kafka carries all of them as text. */
const NUMBERS: ReadonlySet<string> = new Set(['streamversion', 'position']);

/** An event as a Kafka message: CloudEvents Kafka protocol binding 1.0.2, binary mode; the key is the subject. */
export const toMessage = (event: PublishedEvent): { key: string; value: string; headers: Record<string, string> } => {
  const { data, datacontenttype, ...attributes } = event;
  const headers: Record<string, string> = { 'content-type': datacontenttype };
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) headers[`ce_${name}`] = String(value);
  }
  return { key: event.subject, value: JSON.stringify(data), headers };
};

/** Reads binary and structured mode. @throws when the message is not a CloudEvent of Keyledger */
export const fromMessage = ({
  headers = {},
  value,
  offset,
}: Pick<KafkaMessage, 'headers' | 'value' | 'offset'>): PublishedEvent => {
  const foreign = new Error(`the message at offset ${offset} is not a CloudEvent of Keyledger`);
  if (value === null) throw foreign;
  const json = JSON.parse(value.toString()) as Record<string, unknown>;
  const structured = headerText(headers['content-type']).startsWith(CLOUDEVENTS_JSON);
  const event: Record<string, unknown> = structured
    ? json
    : { ...attributesOf(headers), datacontenttype: 'application/json', data: json };
  if (!isOurs(event)) throw foreign;
  return event as unknown as PublishedEvent;
};

const attributesOf = (headers: IHeaders): Record<string, unknown> => {
  const attributes: Record<string, unknown> = {};
  for (const [header, raw] of Object.entries(headers)) {
    if (!header.startsWith('ce_')) continue;
    const name = header.slice('ce_'.length);
    attributes[name] = NUMBERS.has(name) ? Number(headerText(raw)) : headerText(raw);
  }
  return attributes;
};

const isOurs = (event: Record<string, unknown>): boolean =>
  event['specversion'] === '1.0' &&
  ['id', 'type', 'source', 'subject'].every((name) => typeof event[name] === 'string') &&
  Number.isSafeInteger(event['position']) &&
  Number.isSafeInteger(event['streamversion']) &&
  typeof event['data'] === 'object';

const headerText = (raw: IHeaders[string]): string => String(Array.isArray(raw) ? raw[0] : (raw ?? ''));

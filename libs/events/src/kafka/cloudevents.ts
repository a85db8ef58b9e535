import type { IHeaders, KafkaMessage } from 'kafkajs';
import type { PublishedEvent } from '../event.ts';

/** Attributes whose values are numbers; the Kafka binding carries everything as text. */
const NUMBERS: ReadonlySet<string> = new Set(['streamversion', 'position']);

/** An event as a Kafka message: CloudEvents Kafka protocol binding 1.0.2, binary mode; the key is the subject. */
export const toMessage = (event: PublishedEvent): { key: string; value: string; headers: Record<string, string> } => {
  const { data, datacontenttype, ...attributes } = event;
  const headers: Record<string, string> = { 'content-type': datacontenttype };
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) headers[`ce_${name}`] = String(value);
  return { key: event.subject, value: JSON.stringify(data), headers };
};

/** @throws when the message is not a CloudEvent of ours in binary mode */
export const fromMessage = ({ headers = {}, value, offset }: KafkaMessage): PublishedEvent => {
  const attributes: Record<string, unknown> = {};
  for (const [name, raw] of Object.entries(headers)) {
    if (!name.startsWith('ce_')) continue;
    const text = headerText(raw);
    attributes[name.slice(3)] = NUMBERS.has(name.slice(3)) ? Number(text) : text;
  }
  if (attributes['specversion'] !== '1.0' || typeof attributes['id'] !== 'string' || !Number.isSafeInteger(attributes['position']) || value === null) {
    throw new Error(`the message at offset ${offset} is not a CloudEvent of Keyledger`);
  }
  return {
    ...attributes,
    datacontenttype: 'application/json',
    data: JSON.parse(value.toString()) as Record<string, unknown>,
  } as unknown as PublishedEvent;
};

const headerText = (raw: IHeaders[string]): string => String(Array.isArray(raw) ? raw[0] : (raw ?? ''));

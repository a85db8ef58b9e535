import type { PayloadFormat } from '#domain/webhooks/webhook-endpoint/settings';
import type { PublishedEvent } from '#events/event';
import { type ApiVersion, asOf } from './versions.ts';

export interface Payload {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * An event in the format of an endpoint. Every attempt gets the same bytes.
 * @param stored the published event in JSON, as it was taken in
 * @param api_version the version that the endpoint is pinned to; undefined = the newest
 */
export const payloadOf = (
  stored: string,
  format: PayloadFormat,
  api_version: string | undefined,
  versions: readonly ApiVersion[],
): Payload => {
  // The default format is the stored text, which need not be parsed.
  if (format === 'cloudevents' && (api_version === undefined || versions.length < 2)) return structured(stored);
  const event = asOf(JSON.parse(stored) as PublishedEvent, api_version, versions);
  switch (format) {
    case 'cloudevents':
      return structured(JSON.stringify(event));
    case 'cloudevents_binary':
      return binary(event);
    case 'plain':
      return {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ type: event.type, timestamp: event.time, data: event.data }),
      };
    default:
      return format satisfies never;
  }
};

const structured = (body: string): Payload => ({ headers: { 'content-type': 'application/cloudevents+json' }, body });

/** HTTP protocol binding of CloudEvents 1.0.2 §3.1: attributes become `ce-` headers, `data` the body. */
const binary = ({ data, datacontenttype, ...attributes }: PublishedEvent): Payload => {
  const headers: Record<string, string> = { 'content-type': datacontenttype };
  for (const [name, value] of Object.entries(attributes)) headers[`ce-${name}`] = encoded(String(value));
  return { headers, body: JSON.stringify(data) };
};

/** §3.1.3.2: space, `"`, `%` and everything outside printable ASCII is percent-encoded. */
const encoded = (value: string): string =>
  value.replace(/[^\x21-\x7e]|["%]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );

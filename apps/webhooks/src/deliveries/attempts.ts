import { Inject, Injectable } from '@nestjs/common';
import type { Static } from 'typebox';
import type { WebhookEndpointEvent } from '#domain/webhooks/webhook-endpoint/webhook-endpoint';
import type { EventStore } from '#events/store';
import type { ServiceDatabase } from '#platform/database/database';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import { DATABASE, EVENT_STORE } from '#platform/service';
import { shownHeaders } from '../endpoints/endpoint.headers.ts';
import { endpointAfter } from '../endpoints/endpoint.projection.ts';
import { MASK } from '../endpoints/endpoint.settings.ts';
import type { EndpointRow } from '../endpoints/endpoint.table.ts';
import { payloadOf } from '../payload/formats.ts';
import { API_VERSIONS } from '../payload/versions.ts';
import { USER_AGENT } from '../sending/message.ts';
import type { AttemptRequest, listAttempts } from './delivery.endpoints.ts';
import type { AttemptRow } from './delivery.table.ts';

type Query = Static<(typeof listAttempts)['query']>;

type ListedRow = Omit<AttemptRow, 'delivery_id' | 'day'>;

interface Sent {
  readonly day: number;
  readonly event_id: string;
  readonly body: string;
}

/** The most events of a webhook that are read. */
const MANY = 100_000;

/**
 * Attempts with their requests. Requests are not stored: an attempt has the version of its webhook, and the webhook's events give its settings
 * at that version, so the request is built again.
 */
@Injectable()
export class Attempts {
  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  /** Newest first; undefined when there is no such delivery. */
  async page(endpointId: string, deliveryId: string, { limit = DEFAULT_LIMIT, cursor }: Query) {
    const sent = await this.#sent(endpointId, deliveryId);
    if (sent === undefined) return undefined;
    const [before = null] = decodeCursor(cursor, ['string']);
    const { rows } = await this.database.pool.query<ListedRow>({
      name: 'attempts_of_delivery',
      text: `select at, duration_ms, response_status, response_body, error, error_detail, endpoint_version
        from attempts
        where delivery_id = $1 and day = $2 and ($3::text is null or at < $3::timestamptz) order by at desc limit $4`,
      values: [deliveryId, sent.day, before, limit + 1],
    });
    const was = await this.#versions(endpointId, rows);
    return pageOf(
      rows,
      limit,
      ({ at }) => [at.toISOString()],
      ({ endpoint_version, at, ...attempt }) => {
        const webhook = was.get(endpoint_version);
        return {
          ...attempt,
          at: at.toISOString(),
          request: webhook === undefined ? null : requestOf(webhook, sent, at),
        };
      },
    );
  }

  async #sent(endpointId: string, deliveryId: string): Promise<Sent | undefined> {
    const { rows } = await this.database.pool.query<Sent>({
      name: 'sent_event',
      text: `select d.day, d.event_id, o.body from deliveries d
        join outgoing_events o on o.event_id = d.event_id and o.day = d.day where d.id = $1 and d.endpoint_id = $2`,
      values: [deliveryId, endpointId],
    });
    return rows[0];
  }

  /** The webhook at each version that an attempt has. */
  async #versions(endpointId: string, attempts: readonly ListedRow[]): Promise<ReadonlyMap<number, EndpointRow>> {
    const wanted = new Set(attempts.map(({ endpoint_version }) => endpoint_version));
    const was = new Map<number, EndpointRow>();
    if (wanted.size === 0) return was;
    let row: EndpointRow | undefined;
    for (const recorded of await this.store.readStream<WebhookEndpointEvent>(endpointId, { limit: MANY })) {
      row = endpointAfter(row, recorded) ?? undefined;
      if (row !== undefined && wanted.has(recorded.version)) was.set(recorded.version, row);
    }
    return was;
  }
}

/** The request as the sender built it, with secrets and signatures masked. */
const requestOf = ({ url, settings }: EndpointRow, { event_id, body: stored }: Sent, at: Date): AttemptRequest => {
  const { headers = [], payload_format = 'cloudevents', api_version, oauth2 } = settings;
  const payload = payloadOf(stored, payload_format, api_version, API_VERSIONS);
  const own = Object.entries(shownHeaders(headers)).map(([name, value]) => [name.toLowerCase(), value] as const);
  return {
    method: 'POST',
    url,
    headers: {
      'user-agent': USER_AGENT,
      ...Object.fromEntries(own),
      ...payload.headers,
      ...(oauth2 ? { authorization: MASK } : {}),
      'webhook-id': event_id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': MASK,
    },
    body: payload.body,
  };
};

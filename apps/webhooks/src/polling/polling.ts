import { Inject, Injectable } from '@nestjs/common';
import type { EndpointSettings } from '#domain/webhooks/webhook-endpoint/settings';
import type { PublishedEvent } from '#events/event';
import { realTime } from '#platform/clock/clock';
import type { ServiceDatabase } from '#platform/database/database';
import { decodeCursor, encodeCursor } from '#platform/http/pagination';
import { Problem } from '#platform/http/problem';
import { DATABASE } from '#platform/service';
import { WebhooksSettings } from '../webhooks.settings.ts';
import { type Interest, wants } from '../deliveries/interest.ts';
import { PARTITION_DAYS } from '../history/days.ts';
import { payloadOf } from '../payload/formats.ts';
import { API_VERSIONS } from '../payload/versions.ts';

/** The most events that one call reads: most webhooks want few of them. */
const WINDOW = 20_000;
const DAY_MS = 86_400_000;

interface Polled {
  readonly data: readonly PublishedEvent[];
  readonly next_cursor: string;
  readonly has_more: boolean;
  readonly position: number;
}

interface Consumer extends Interest {
  readonly settings: EndpointSettings;
}

/** Positions ascend in the order of commits, so every event before the end of a window has been committed. */
const END = `
  select max(position) as last, count(*)::int as events
  from (select position from outgoing_events where position > $1 order by position limit ${WINDOW}) w`;

const EVENTS = `
  select position, body from outgoing_events
  where position > $1 and position <= $2 and only_for is null and type like any($3::text[])
  order by position limit $4`;

/** Reads the events that a webhook wants, for consumers that poll. Nothing is written. */
@Injectable()
export class Polling {
  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly settings: WebhooksSettings,
  ) {}

  /** @throws Problem 400 for an invalid cursor, 410 when events after it may have been dropped */
  async next(endpointId: string, cursor: string | undefined, limit: number): Promise<Polled | undefined> {
    const consumer = await this.#consumer(endpointId);
    if (consumer === undefined) return undefined;
    const after = cursor === undefined ? 0 : this.#position(cursor);
    const { pool } = this.database;
    const { rows: ends } = await pool.query<{ last: string | null; events: number }>({
      name: 'end_of_window',
      text: END,
      values: [after],
    });
    const end = Number(ends[0]?.last ?? after);
    const { rows } = await pool.query<{ position: string; body: string }>({
      name: 'polled_events',
      text: EVENTS,
      values: [after, end, consumer.events.map(likeOf), limit],
    });
    const wanted = rows.filter(({ body }) => wants(consumer, JSON.parse(body) as PublishedEvent));
    const full = rows.length === limit;
    const position = full ? Number(rows.at(-1)?.position ?? end) : end;
    return {
      data: wanted.map(({ body }) => shaped(body, consumer)),
      next_cursor: encodeCursor([position, today()]),
      has_more: full || ends[0]?.events === WINDOW,
      position,
    };
  }

  #position(cursor: string): number {
    const [position = 0, day = 0] = decodeCursor(cursor, ['number', 'number']).map(Number);
    if (day < today() - this.settings.retention_days - PARTITION_DAYS) {
      throw new Problem(
        410,
        'CURSOR_TOO_OLD',
        `Events are kept for ${this.settings.retention_days} days: those after this cursor may be gone. Ask without one for all that there are.`,
      );
    }
    return position;
  }

  async #consumer(id: string): Promise<Consumer | undefined> {
    const { rows } = await this.database.pool.query<Consumer>({
      name: 'polling_consumer',
      text: `select id, product_id, events, settings, settings -> 'filter' as filter from webhook_endpoints where id = $1`,
      values: [id],
    });
    return rows[0];
  }
}

const today = (): number => Math.floor(realTime() / DAY_MS);

/** A pattern of types for SQL `like`. It may match more than the pattern, never less; {@link wants} decides. */
const likeOf = (pattern: string): string => pattern.replaceAll('_', '\\_').replaceAll('*', '%');

const shaped = (body: string, { settings }: Consumer): PublishedEvent =>
  JSON.parse(payloadOf(body, 'cloudevents', settings.api_version, API_VERSIONS).body) as PublishedEvent;

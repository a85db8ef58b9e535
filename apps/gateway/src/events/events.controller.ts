import { Controller } from '@nestjs/common';
import type { PublishedEvent } from '#events/event';
import { EventTypes } from '#platform/events/event-types';
import type { Principal } from '#platform/auth/principal';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { DEFAULT_LIMIT } from '#platform/http/pagination';
import { BEGINNING, decodePositions, encodePositions, type Positions } from './event-cursor.ts';
import { readFeed, readHeads } from './event-feed.ts';
import { type EventFilter, parseTypes } from './event-filter.ts';
import { EventLogs } from './event-logs.ts';
import { EventStreams } from './event-streams.ts';
import { listEvents, streamEvents } from './events.endpoints.ts';

/** How often one call continues to read when no event has passed the filter. */
const LOOKS = 10;

/** For teams without Kafka: the published events of all services, by cursor or as a stream. */
@Controller()
export class EventsController {
  constructor(
    private readonly logs: EventLogs,
    private readonly streams: EventStreams,
    private readonly types: EventTypes,
  ) {}

  @Endpoint(listEvents)
  async list({ query, principal }: Call<typeof listEvents>): Promise<{
    data: PublishedEvent[];
    next_cursor: string | null;
    has_more: boolean;
  }> {
    const { after = 'beginning', limit = DEFAULT_LIMIT } = query;
    const options = { logs: this.logs.all, filter: this.#filter(query, principal), limit };
    let page = await readFeed(await this.#begin(after), options);
    for (let looks = 1; looks < LOOKS && page.events.length === 0 && page.has_more; looks++) {
      page = await readFeed(page.positions, options);
    }
    return {
      data: page.events.map(({ event }) => event),
      next_cursor: page.positions.size === 0 ? null : encodePositions(page.positions),
      has_more: page.has_more,
    };
  }

  @Endpoint(streamEvents)
  async stream(call: Call<typeof streamEvents>): Promise<Answer> {
    const { query, principal } = call;
    const filter = this.#filter(query, principal);
    const from = await this.#begin(call.header('last-event-id') ?? query.after ?? 'latest');
    // Checks now, while an error status can still be sent, that the cursor belongs to these logs and all logs can be read.
    await readFeed(from, { logs: this.logs.all, filter, limit: 1 });
    return new Answer(200, this.streams.open(from, filter, principal), {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // Proxies that buffer answers would delay the events.
      'x-accel-buffering': 'no',
    });
  }

  async #begin(after: string): Promise<Positions> {
    if (after === 'beginning') return BEGINNING;
    return after === 'latest' ? readHeads(this.logs.all) : decodePositions(after);
  }

  #filter(
    { types, subject }: { readonly types?: string; readonly subject?: string },
    { product_id }: Principal,
  ): EventFilter {
    return { types: types === undefined ? undefined : parseTypes(types, this.types), subject, product_id };
  }
}

import { Readable } from 'node:stream';
import { Inject, Injectable, type OnModuleDestroy, Optional } from '@nestjs/common';
import { Bell, ringingOnAbort } from '#events/bell';
import type { Principal } from '#platform/auth/principal';
import { Problem } from '#platform/http/problem';
import { ApiKeyDirectory } from '../authentication/api-key-directory.ts';
import { encodePositions, type Positions } from './event-cursor.ts';
import { type FeedEvent, readFeed } from './event-feed.ts';
import type { EventFilter } from './event-filter.ts';
import { EventLogs } from './event-logs.ts';

/** Events that one reader has in memory at most. */
const PAGE = 50;
/** Silence after which a reader is told that the stream lives, in milliseconds; its credential is looked at as often. */
const HEARTBEAT_MS = 10_000;
/** Injection token for another time than that. */
export const HEARTBEAT = Symbol('stream heartbeat');
/** A reader that takes nothing for so long is cut; it may come back with what it has. In milliseconds. */
const STALLED_MS = 60_000;
/** How long a log that cannot be read is left alone, in milliseconds. */
const AWAY_MS = 1_000;
/** Streams that one credential may hold open in one process. */
const STREAMS = 20;
/** How soon a reader should come back, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * Server-sent events (WHATWG HTML §9.2) of the feed. A page is read only when the one before has been taken, so a slow reader
 * costs its page and its socket's buffer; whoever comes back with the id it has goes on behind it.
 */
@Injectable()
export class EventStreams implements OnModuleDestroy {
  readonly #open = new Map<Readable, string>();
  #closing = false;

  constructor(
    private readonly logs: EventLogs,
    private readonly keys: ApiKeyDirectory,
    @Optional() @Inject(HEARTBEAT) private readonly heartbeatMs = HEARTBEAT_MS,
  ) {}

  /** @throws Problem 429 `TOO_MANY_STREAMS`; 503 `UNAVAILABLE` when the process is about to end */
  open(from: Positions, filter: EventFilter, principal: Principal): Readable {
    if (this.#closing) throw new Problem(503, 'UNAVAILABLE', 'The service is closing.', {}, { 'retry-after': '1' });
    const caller = `${principal.actor.type}:${principal.actor.id}`;
    if ([...this.#open.values()].filter((holder) => holder === caller).length >= STREAMS) {
      const detail = `This credential holds ${STREAMS} streams open already.`;
      throw new Problem(429, 'TOO_MANY_STREAMS', detail, { max: STREAMS }, { 'retry-after': '10' });
    }
    const gone = new AbortController();
    const stream = piecewise(this.#pieces(from, filter, principal, gone.signal), () => {
      this.#open.delete(stream);
      gone.abort();
    });
    this.#open.set(stream, caller);
    return stream;
  }

  /** Readers are told to come back, to another instance, before the server waits for them to go. */
  onModuleDestroy(): void {
    this.#closing = true;
    for (const stream of this.#open.keys()) stream.destroy();
  }

  async *#pieces(
    from: Positions,
    filter: EventFilter,
    principal: Principal,
    gone: AbortSignal,
  ): AsyncGenerator<string, void> {
    const bell = new Bell();
    const stopFollowing = this.logs.tails.map((tail) => tail.follow(bell));
    let positions = from;
    let looked = performance.now();
    try {
      yield `retry: ${RETRY_MS}\n${heartbeat(positions)}`;
      while (!gone.aborted) {
        let away = false;
        const onError = (error: unknown, service: string): void => {
          away = true;
          this.logs.warn(error, service);
        };
        const page = await readFeed(positions, { logs: this.logs.tails, filter, limit: PAGE, onError });
        positions = page.positions;
        if (page.events.length > 0) yield page.events.map(piece).join('');
        if (performance.now() - looked >= this.heartbeatMs) {
          if (!(await this.#holds(principal))) return;
          looked = performance.now();
          yield heartbeat(positions);
        }
        if (page.has_more && !away) continue;
        const patience = away ? AWAY_MS : Math.max(0, looked + this.heartbeatMs - performance.now());
        await ringingOnAbort(bell, gone, () => bell.wait(patience));
      }
    } finally {
      for (const stop of stopFollowing) stop();
    }
  }

  /** A stream outlives the request that began it: a key that is revoked ends it. */
  async #holds({ actor }: Principal): Promise<boolean> {
    return actor.type !== 'api_key' || (await this.keys.isActive(actor.id));
  }
}

const piece = ({ event, cursor }: FeedEvent): string => `id: ${cursor}\ndata: ${JSON.stringify(event)}\n\n`;

/** A comment, and the id to come back with: it has moved past events that the filter kept back. */
const heartbeat = (positions: Positions): string =>
  positions.size === 0 ? ': alive\n\n' : `: alive\nid: ${encodePositions(positions)}\n\n`;

/**
 * A stream that asks for a piece when the one before has been taken. Unlike `Readable.from` it lets go at once: whoever goes
 * away is not kept until the next piece would have come.
 */
const piecewise = (pieces: AsyncGenerator<string, void>, onGone: () => void): Readable => {
  let stalled: NodeJS.Timeout | undefined;
  const next = async (stream: Readable): Promise<void> => {
    const { value, done } = await pieces.next();
    if (stream.destroyed) return;
    if (done === true) {
      stream.push(null);
      return;
    }
    // Before it is pushed: that asks for the next at once where there is room.
    stalled = setTimeout(() => stream.destroy(), STALLED_MS);
    stream.push(value);
  };
  return new Readable({
    objectMode: true,
    highWaterMark: 1,
    read() {
      clearTimeout(stalled);
      next(this).catch((error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))));
    },
    destroy(error, done) {
      clearTimeout(stalled);
      onGone();
      void pieces.return();
      done(error);
    },
  });
};

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

/** The maximum number of events in memory per reader. */
const PAGE = 50;
/** Time without events after which a keep-alive is sent, in milliseconds; the credential is checked as often. */
const HEARTBEAT_MS = 10_000;
/** Injection token to replace that time. */
export const HEARTBEAT = Symbol('stream heartbeat');
/** A reader that takes nothing for this time is disconnected; it may resume from its last id. In milliseconds. */
const STALLED_MS = 60_000;
/** Pause before a log that cannot be read is tried again, in milliseconds. */
const AWAY_MS = 1_000;
/** The maximum number of open streams per credential in one process. */
const STREAMS = 20;
/** How soon a reader should reconnect, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * Server-sent events (WHATWG HTML §9.2) of the feed. A page is read only after the previous one has been taken, so a slow
 * reader costs only its page and its socket's buffer. A reader that reconnects with its last id continues behind that event.
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

  /** Asks readers to reconnect to another instance before the server waits for connections to close. */
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

  /** A stream outlives the request that started it, so revoking its key must end it. */
  async #holds({ actor }: Principal): Promise<boolean> {
    return actor.type !== 'api_key' || (await this.keys.isActive(actor.id));
  }
}

const piece = ({ event, cursor }: FeedEvent): string => `id: ${cursor}\ndata: ${JSON.stringify(event)}\n\n`;

/** A comment, with the id to resume from: the id has moved past filtered events. */
const heartbeat = (positions: Positions): string =>
  positions.size === 0 ? ': alive\n\n' : `: alive\nid: ${encodePositions(positions)}\n\n`;

/**
 * A stream that requests the next piece when the previous one has been taken. Unlike `Readable.from` it closes immediately: a
 * disconnected reader is not kept until the next piece.
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
    // Set before the push, because a push requests the next piece immediately if there is room.
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

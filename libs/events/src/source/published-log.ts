import { escapeIdentifier, type Pool } from 'pg';
import { Bell, ringingOnAbort } from '../bell.ts';
import type { EventContract } from '../contract.ts';
import type { PublishedEvent } from '../event.ts';
import { hear } from '../hearing.ts';
import { type Contracts, contractsByType, type LoggedEvent, publish } from '../publish.ts';
import { eventsChannel } from '../store/schema.ts';

/** Which events of a log are wanted. */
export interface LogFilter {
  /** Types by name; undefined = all. */
  readonly types?: readonly string[];
  readonly subject?: string;
}

export interface LogPage {
  /** Ascending by position. */
  readonly events: readonly PublishedEvent[];
  /** Up to here the log has been read: the next page begins above it. */
  readonly position: number;
  /** Where the log ended when it was read. */
  readonly head: number;
}

/** The published events of one service, for whoever reads them by position. */
export interface PublishedLog {
  readonly service: string;
  /** A page above a position. It may hold fewer events than the limit, also none, before the head is reached. */
  read(after: number, limit: number, filter?: LogFilter): Promise<LogPage>;
  /** As `read`, of all types; it first waits until there is something above the position, or the time is over. */
  grown(after: number, limit: number, milliseconds: number, signal: AbortSignal): Promise<LogPage>;
}

/** Positions that one page looks through at most, so that a filter that nothing passes costs no more than that. */
const WINDOW = 20_000;
/** How often the log is looked at without being told, in milliseconds. */
const POLL_MS = 500;

/** A service's own log, in its schema of the database that the pool is connected to. */
export class OwnPublishedLog implements PublishedLog {
  readonly #contracts: Contracts;
  readonly #types: readonly string[];

  constructor(
    readonly service: string,
    private readonly pool: Pool,
    contracts: readonly EventContract<never>[],
    private readonly onError: (error: unknown) => void,
  ) {
    const own = contracts.filter((contract) => contract.service === service);
    this.#contracts = contractsByType(own);
    this.#types = own.map(({ type }) => type);
  }

  async read(after: number, limit: number, { types = this.#types, subject }: LogFilter = {}): Promise<LogPage> {
    // Positions are in commit order: all that lies below a head that has been seen is there.
    const head = await this.#head();
    // One subject's events have an index of their own.
    const upTo = subject === undefined ? Math.min(head, after + WINDOW) : head;
    if (upTo <= after) return { events: [], position: after, head };
    const { rows } = await this.pool.query<LoggedEvent>({
      name: `published_log_${this.service}${subject === undefined ? '' : '_of_subject'}`,
      text: `select position, id, stream_id, version, type, schema_version, data, metadata, recorded_at
        from ${escapeIdentifier(this.service)}.events
        where position > $1 and position <= $2 and type = any($3) ${subject === undefined ? '' : 'and stream_id = $5'}
        order by position limit $4`,
      values: [after, upTo, types, limit, ...(subject === undefined ? [] : [subject])],
    });
    const events = rows.flatMap((row) => {
      const contract = this.#contracts.get(row.type);
      return contract === undefined ? [] : [publish(row, contract, this.#contracts.schemas)];
    });
    return { events, position: rows.length < limit ? upTo : Number(rows.at(-1)?.position), head };
  }

  async grown(after: number, limit: number, milliseconds: number, signal: AbortSignal): Promise<LogPage> {
    const bell = new Bell();
    const ring = (): void => bell.ring();
    const { pool, onError } = this;
    const stopListening = hear(pool, { channels: [eventsChannel(this.service)], told: ring, missed: ring, onError });
    const until = performance.now() + milliseconds;
    try {
      return await ringingOnAbort(bell, signal, async () => {
        for (;;) {
          const page = await this.read(after, limit);
          const left = until - performance.now();
          if (page.head > after || left <= 0 || signal.aborted) return page;
          await bell.wait(Math.min(POLL_MS, left));
        }
      });
    } finally {
      await stopListening();
    }
  }

  async #head(): Promise<number> {
    const { rows } = await this.pool.query<{ head: string }>({
      name: `log_head_${this.service}`,
      text: `select coalesce(max(position), 0) as head from ${escapeIdentifier(this.service)}.events`,
    });
    return Number(rows[0]?.head);
  }
}

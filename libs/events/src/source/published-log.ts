import { escapeIdentifier, type Pool } from 'pg';
import { Bell, ringingOnAbort } from '../bell.ts';
import type { EventContract } from '../contract.ts';
import type { PublishedEvent } from '../event.ts';
import { hear } from '../hearing.ts';
import { type Contracts, contractsByType, publish } from '../publish.ts';
import { LOGGED_COLUMNS, type LoggedEvent } from '../store/logged-event.ts';
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
  /** The log was read up to here: the next page begins above it. */
  readonly position: number;
  /** Where the log ended when it was read. */
  readonly head: number;
}

/** The published events of one service, to be read by position. */
export interface PublishedLog {
  readonly service: string;
  /** A page above a position. It may hold fewer events than the limit, also none, before the head is reached. */
  read(after: number, limit: number, filter?: LogFilter): Promise<LogPage>;
  /** As `read`, for all types. It first waits until the log grows beyond the position, or the time is over. */
  grown(after: number, limit: number, milliseconds: number, signal: AbortSignal): Promise<LogPage>;
}

/** The most positions that one page covers, which limits the cost of a filter that no event passes. */
const WINDOW = 20_000;
/** Pause between two reads of the log if no notification comes, in milliseconds. */
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
    // Positions are in commit order: a reader that sees a head also sees all positions below it.
    const head = await this.#head();
    // An index serves the events of one subject.
    const upTo = subject === undefined ? Math.min(head, after + WINDOW) : head;
    if (upTo <= after) return { events: [], position: after, head };
    const { rows } = await this.pool.query<LoggedEvent>({
      name: `published_log_${this.service}${subject === undefined ? '' : '_of_subject'}`,
      text: `select ${LOGGED_COLUMNS}
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

import type { Pool } from 'pg';
import { Bell } from '../bell.ts';
import { hear } from '../hearing.ts';
import { pause } from '../leader.ts';
import { eventsChannel, forgetChannel, growthIn } from './schema.ts';

/**
 * How often the log is read without a notification, in milliseconds: the maximum delay until a change in another process is
 * seen.
 */
const POLL_MS = 500;
/** The maximum number of events per read. */
const AT_ONCE = 500;

/**
 * Reads a few events at a time, along the index: for a log without statistics, the planner assumes that `position > $1`
 * matches a third of it, and would scan the whole log at every read.
 */
const GROWN = `select stream_id, max(version) as version, max(position) as position, count(*)::int as events
  from (select stream_id, version, position from events where position > $1 order by position limit ${AT_ONCE}) as grown
  group by stream_id`;

/** A stream with new events: its current version, the position of its last seen event, and the number of new events. */
interface Grown {
  readonly stream_id: string;
  readonly version: number;
  readonly position: string;
  readonly events: number;
}

export interface FollowHooks {
  /** Streams that have grown, with their versions. */
  onGrown(heads: readonly { stream_id: string; version: number }[]): void;
  onForgotten(personId: string): void;
  /** Messages may have been missed: remembered states of people cannot be trusted. */
  onReconnect(): void;
  onError(error: unknown): void;
}

/** Watches the log for what other processes append, so that states in memory do not grow stale. */
export class Follower {
  readonly #stopping = new AbortController();
  #stopListening: (() => Promise<void>) | undefined;
  #running: Promise<void> | undefined;
  #seen = 0;
  readonly #bell = new Bell();

  constructor(
    private readonly pool: Pool,
    private readonly schema: string,
    private readonly origin: string,
    private readonly hooks: FollowHooks,
  ) {}

  /** Resolves once it listens, or has failed to. From then on, changes to states that are read are reported. */
  async start(): Promise<void> {
    const { rows } = await this.pool.query<{ position: string }>(
      'select coalesce(max(position), 0) as position from events',
    );
    this.#seen = Number(rows[0]?.position);
    await new Promise<void>((begun) => {
      this.#stopListening = this.#listen(begun);
    });
    this.#running = this.#run();
  }

  /** This process appended these positions itself; if they adjoin the positions already seen, they need not be read. */
  passOwn(positions: readonly number[]): void {
    for (const position of positions) if (position === this.#seen + 1) this.#seen = position;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#bell.ring();
    await Promise.all([this.#stopListening?.(), this.#running]);
  }

  #listen(begun: () => void): () => Promise<void> {
    const [events, forgets] = [eventsChannel(this.schema), forgetChannel(this.schema)];
    return hear(this.pool, {
      channels: [events, forgets],
      told: (payload, channel) => {
        if (channel === forgets) this.hooks.onForgotten(payload);
        else if (growthIn(payload).origin !== this.origin) this.#bell.ring();
      },
      missed: () => {
        this.hooks.onReconnect();
        this.#bell.ring();
        begun();
      },
      onError: (error) => {
        this.hooks.onError(error);
        begun();
      },
    });
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#catchUp();
        await this.#bell.wait(POLL_MS);
      } catch (error) {
        if (!signal.aborted) this.hooks.onError(error);
        await pause(POLL_MS, signal);
      }
    }
  }

  async #catchUp(): Promise<void> {
    const { rows } = await this.pool.query<Grown>({ name: 'grown', text: GROWN, values: [this.#seen] });
    if (rows.length === 0) return;
    this.#seen = Math.max(this.#seen, ...rows.map(({ position }) => Number(position)));
    this.hooks.onGrown(rows);
    // There may be more events.
    if (rows.reduce((sum, { events }) => sum + events, 0) === AT_ONCE) this.#bell.ring();
  }
}

import type { Pool } from 'pg';
import { Bell } from '../bell.ts';
import { hear } from '../hearing.ts';
import { pause } from '../leader.ts';
import { eventsChannel, forgetChannel, growthIn } from './schema.ts';

/** How often the log is looked at without being told, in milliseconds: the bound on how late a change elsewhere is seen. */
const POLL_MS = 500;
/** How many events are looked at in one go. */
const AT_ONCE = 500;

/**
 * A few at a time, along the index: the planner takes `position > $1` for a third of a log of which it has no statistics yet, and
 * would read all of it at every look.
 */
const GROWN = `select stream_id, max(version) as version, max(position) as position, count(*)::int as events
  from (select stream_id, version, position from events where position > $1 order by position limit ${AT_ONCE}) as grown
  group by stream_id`;

/** A stream that has new events: its present version, where the last of those seen stands in the log, and how many they are. */
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
  /** Messages may have been missed: nothing that was remembered of people can be trusted. */
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

  /** Resolves once it listens, or could not: what is read from then on is told of when it grows old. */
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

  /** This process appended these positions itself; where they adjoin what was seen they need not be read. */
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
    // There may be more.
    if (rows.reduce((sum, { events }) => sum + events, 0) === AT_ONCE) this.#bell.ring();
  }
}

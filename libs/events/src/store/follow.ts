import pg, { type Pool, type PoolClient } from 'pg';
import { Bell } from '../bell.ts';
import { pause } from '../leader.ts';
import { eventsChannel, forgetChannel, growthIn } from './schema.ts';

/** How often the log is looked at without being told, in milliseconds: the bound on how late a change elsewhere is seen. */
const POLL_MS = 500;

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
  #running: Promise<void> | undefined;
  #seen = 0;
  readonly #bell = new Bell();

  constructor(
    private readonly pool: Pool,
    private readonly schema: string,
    private readonly origin: string,
    private readonly hooks: FollowHooks,
  ) {}

  async start(): Promise<void> {
    const { rows } = await this.pool.query<{ position: string }>(
      'select coalesce(max(position), 0) as position from events',
    );
    this.#seen = Number(rows[0]?.position);
    this.#running = this.#run();
  }

  /** This process appended these positions itself; where they adjoin what was seen they need not be read. */
  passOwn(positions: readonly number[]): void {
    for (const position of positions) if (position === this.#seen + 1) this.#seen = position;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#bell.ring();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let client: PoolClient | undefined;
      let broken: Error | undefined;
      try {
        client = await this.pool.connect();
        client.on('error', (error) => {
          broken = error;
          this.#bell.ring();
        });
        client.on('notification', ({ channel, payload = '' }) => {
          if (channel === forgetChannel(this.schema)) this.hooks.onForgotten(payload);
          else if (growthIn(payload).origin !== this.origin) this.#bell.ring();
        });
        await client.query(
          `listen ${pg.escapeIdentifier(eventsChannel(this.schema))}; listen ${pg.escapeIdentifier(forgetChannel(this.schema))}`,
        );
        this.hooks.onReconnect();
        while (!signal.aborted && broken === undefined) {
          await this.#catchUp(client);
          await this.#bell.wait(POLL_MS);
        }
      } catch (error) {
        broken = error instanceof Error ? error : new Error(String(error));
        if (!signal.aborted) this.hooks.onError(error);
      } finally {
        // Listening ends with the connection; a pooled one must not go on listening.
        client?.removeAllListeners('notification');
        client?.release(broken ?? true);
      }
      await pause(POLL_MS, signal);
    }
  }

  async #catchUp(client: PoolClient): Promise<void> {
    const { rows } = await client.query<{ stream_id: string; version: number; position: string }>({
      name: 'grown',
      text: 'select stream_id, max(version) as version, max(position) as position from events where position > $1 group by stream_id',
      values: [this.#seen],
    });
    if (rows.length === 0) return;
    this.#seen = Math.max(this.#seen, ...rows.map(({ position }) => Number(position)));
    this.hooks.onGrown(rows);
  }
}

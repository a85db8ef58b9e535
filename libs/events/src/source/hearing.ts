import pg, { type Pool, type PoolClient } from 'pg';
import type { Bell } from '../bell.ts';
import { pause } from '../leader.ts';

/** Who wants to hear of a channel. */
interface Listener {
  readonly channel: string;
  readonly bell: Bell;
  /** Whether a message is of interest (default: each is). */
  readonly concerns?: (payload: string) => boolean;
  readonly onError: (error: unknown) => void;
}

/** How long after a lost connection the next is asked for, in milliseconds. */
const AWAY_MS = 500;

const ears = new WeakMap<Pool, Ear>();

/**
 * Rings the bell at each NOTIFY on a channel, and whenever one may have been missed. All who listen through one pool share
 * one connection of it; it goes back when the last of them has stopped.
 * @returns stops listening
 */
export const hear = (pool: Pool, listener: Listener): (() => Promise<void>) => {
  const ear = ears.get(pool) ?? new Ear(pool);
  ears.set(pool, ear);
  return ear.add(listener);
};

class Ear {
  readonly #listeners = new Set<Listener>();
  #client: PoolClient | undefined;
  /** A connection takes one query at a time. */
  #listening: Promise<void> = Promise.resolve();
  #open: { closing: AbortController; running: Promise<void> } | undefined;

  constructor(private readonly pool: Pool) {}

  add(listener: Listener): () => Promise<void> {
    this.#listeners.add(listener);
    if (this.#open === undefined) {
      const closing = new AbortController();
      this.#open = { closing, running: this.#run(closing.signal) };
    } else if (this.#client !== undefined) {
      this.#listen(this.#client, listener.channel).then(
        () => listener.bell.ring(),
        // Who has stopped meanwhile took the connection along.
        (error: unknown) => this.#listeners.has(listener) && listener.onError(error),
      );
    }
    return async () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0 || this.#open === undefined) return;
      const { closing, running } = this.#open;
      this.#open = undefined;
      closing.abort();
      await running;
    };
  }

  async #run(closing: AbortSignal): Promise<void> {
    while (!closing.aborted) {
      let client: PoolClient | undefined;
      try {
        client = await this.pool.connect();
        // An abort that came while it connected is not told again.
        if (!closing.aborted) await this.#listenUntilLost(client, closing);
      } catch (error) {
        for (const { onError } of this.#listeners) onError(error);
      } finally {
        if (this.#client === client) this.#client = undefined;
        // It listens until it is closed, so it does not go back among the others.
        client?.release(true);
      }
      await pause(AWAY_MS, closing);
    }
  }

  async #listenUntilLost(client: PoolClient, closing: AbortSignal): Promise<void> {
    const lost = new Promise<void>((resolve) => {
      client.on('error', () => resolve());
      client.on('end', () => resolve());
      closing.addEventListener('abort', () => resolve(), { once: true });
    });
    client.on('notification', ({ channel, payload = '' }) => {
      for (const listener of this.#listeners)
        if (listener.channel === channel && listener.concerns?.(payload) !== false) listener.bell.ring();
    });
    const channels = new Set([...this.#listeners].map(({ channel }) => channel));
    // From here on who comes adds a channel of their own.
    this.#client = client;
    for (const channel of channels) await this.#listen(client, channel);
    for (const { bell } of this.#listeners) bell.ring();
    await lost;
  }

  /** Waits for its turn, however that before it ended: whoever asked for that one is told. */
  #listen(client: PoolClient, channel: string): Promise<void> {
    const listen = async (): Promise<void> => {
      await client.query(`listen ${pg.escapeIdentifier(channel)}`);
    };
    this.#listening = this.#listening.then(listen, listen);
    return this.#listening;
  }
}

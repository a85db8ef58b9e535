import pg, { type Client, type Pool, type PoolConfig } from 'pg';
import { pause } from './leader.ts';

/** A listener for some channels. */
export interface Listener {
  readonly channels: readonly string[];
  /** Called for each NOTIFY. */
  readonly told: (payload: string, channel: string) => void;
  /** Called when a NOTIFY may have been missed, because there was no listening connection until now. */
  readonly missed: () => void;
  readonly onError: (error: unknown) => void;
}

/** Pause before reconnecting after a lost connection, in milliseconds. */
const AWAY_MS = 500;

/** Shared connections, by the database that they listen to. */
const ears = new Map<string, Ear>();

/**
 * Calls the listener for each NOTIFY on its channels, and whenever one may have been missed. All listeners of this process on
 * the same database share one connection outside of their pools, because PostgreSQL wakes every listening connection for a
 * notification on any channel.
 * @returns a function that stops listening
 */
export const hear = (pool: Pool, listener: Listener): (() => Promise<void>) => {
  const database = databaseOf(pool.options);
  const ear = ears.get(database) ?? new Ear(pool.options);
  ears.set(database, ear);
  ear.add(listener);
  return async () => {
    if (ear.leave(listener) > 0) return;
    if (ears.get(database) === ear) ears.delete(database);
    await ear.close();
  };
};

const databaseOf = ({ connectionString, host, port, database, user }: PoolConfig): string =>
  JSON.stringify([connectionString, host, port, database, user]);

class Ear {
  readonly #listeners = new Set<Listener>();
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #client: Client | undefined;
  /** A connection runs one query at a time, so queries wait here. */
  #listening: Promise<void> = Promise.resolve();

  constructor(private readonly config: PoolConfig) {
    this.#running = this.#run(this.#closing.signal);
  }

  add(listener: Listener): void {
    this.#listeners.add(listener);
    if (this.#client === undefined) return;
    this.#listen(this.#client, listener.channels).then(
      () => listener.missed(),
      // A listener that has stopped meanwhile may have closed the connection.
      (error: unknown) => this.#listeners.has(listener) && listener.onError(error),
    );
  }

  /** @returns how many listeners remain */
  leave(listener: Listener): number {
    this.#listeners.delete(listener);
    return this.#listeners.size;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(closing: AbortSignal): Promise<void> {
    while (!closing.aborted) {
      const client = new pg.Client({ ...this.config, application_name: 'keyledger listening' });
      try {
        await this.#listenUntilLost(client, closing);
      } catch (error) {
        for (const { onError } of this.#listeners) onError(error);
      } finally {
        this.#client = undefined;
        // This never fails, but may take long: the server may not be reachable any more.
        void client.end();
      }
      await pause(AWAY_MS, closing);
    }
  }

  async #listenUntilLost(client: Client, closing: AbortSignal): Promise<void> {
    const lost = new Promise<void>((resolve) => {
      client.on('error', () => resolve());
      client.on('end', () => resolve());
      closing.addEventListener('abort', () => resolve(), { once: true });
    });
    client.on('notification', ({ channel, payload = '' }) => {
      for (const { channels, told } of this.#listeners) if (channels.includes(channel)) told(payload, channel);
    });
    await client.connect();
    if (closing.aborted) return;
    const channels = new Set([...this.#listeners].flatMap((listener) => listener.channels));
    // Listeners that are added from here on add their channels themselves.
    this.#client = client;
    await this.#listen(client, [...channels]);
    for (const { missed } of this.#listeners) missed();
    await lost;
  }

  /** Waits for the previous query, even if it failed: its own caller gets that error. */
  #listen(client: Client, channels: readonly string[]): Promise<void> {
    const listen = async (): Promise<void> => {
      await client.query(channels.map((channel) => `listen ${pg.escapeIdentifier(channel)}`).join('; '));
    };
    this.#listening = this.#listening.then(listen, listen);
    return this.#listening;
  }
}

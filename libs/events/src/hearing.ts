import pg, { type Client, type Pool, type PoolConfig } from 'pg';
import { pause } from './leader.ts';

/** Who wants to hear of channels. */
export interface Listener {
  readonly channels: readonly string[];
  /** There was a NOTIFY. */
  readonly told: (payload: string, channel: string) => void;
  /** There may have been some: until now nobody listened. */
  readonly missed: () => void;
  readonly onError: (error: unknown) => void;
}

/** How long after a lost connection the next is asked for, in milliseconds. */
const AWAY_MS = 500;

/** By the databases they listen to. */
const ears = new Map<string, Ear>();

/**
 * Tells of each NOTIFY on some channels, and whenever one may have been missed. All in this process who listen to the database of
 * their pools share one connection beside these: PostgreSQL wakes every connection that listens to anything, whoever is told
 * something.
 * @returns stops listening
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
  /** A connection takes one query at a time. */
  #listening: Promise<void> = Promise.resolve();

  constructor(private readonly config: PoolConfig) {
    this.#running = this.#run(this.#closing.signal);
  }

  add(listener: Listener): void {
    this.#listeners.add(listener);
    if (this.#client === undefined) return;
    this.#listen(this.#client, listener.channels).then(
      () => listener.missed(),
      // Who has stopped meanwhile may have taken the connection along.
      (error: unknown) => this.#listeners.has(listener) && listener.onError(error),
    );
  }

  /** @returns how many still listen */
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
        // It never fails, and may take long: there may be nobody there any more to say goodbye to.
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
    // From here on who comes adds channels of their own.
    this.#client = client;
    await this.#listen(client, [...channels]);
    for (const { missed } of this.#listeners) missed();
    await lost;
  }

  /** Waits for its turn, however that before it ended: whoever asked for that one is told. */
  #listen(client: Client, channels: readonly string[]): Promise<void> {
    const listen = async (): Promise<void> => {
      await client.query(channels.map((channel) => `listen ${pg.escapeIdentifier(channel)}`).join('; '));
    };
    this.#listening = this.#listening.then(listen, listen);
    return this.#listening;
  }
}

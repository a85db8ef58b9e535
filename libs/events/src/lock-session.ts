import type { Client, Pool } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';

/** Pause between two checks of the session, in milliseconds. */
const HEARTBEAT_MS = 1_000;

/** An advisory lock that this process holds. */
export interface HeldLock {
  /** Aborts when the session is lost, and the lock with it. */
  readonly lost: AbortSignal;
  unlock(): Promise<void>;
}

interface Open {
  readonly client: Client;
  readonly lost: AbortController;
  /** Locks that are held. The database would give a session a lock that it holds already a second time. */
  readonly held: Set<string>;
}

/**
 * The session of a process that holds the advisory locks of all its leaders on one database: a connection of its own, beside the
 * pool. A connection of the pool for each leader would leave none for the work of a service that leads a dozen.
 */
export class LockSession {
  static readonly #sessions = new WeakMap<Pool, LockSession>();
  #open: Promise<Open> | undefined;
  /** The last that was opened. */
  #present: Open | undefined;
  #users = 0;

  private constructor(private readonly pool: Pool) {}

  /** The session beside a pool. */
  static of(pool: Pool): LockSession {
    const session = LockSession.#sessions.get(pool) ?? new LockSession(pool);
    LockSession.#sessions.set(pool, session);
    return session;
  }

  /** Announces a user of the session; it stays open until the last one leaves. */
  enter(): void {
    this.#users += 1;
  }

  async leave(): Promise<void> {
    this.#users -= 1;
    if (this.#users > 0) return;
    const open = this.#open;
    this.#open = undefined;
    await (await open?.catch(() => undefined))?.client.end();
  }

  /** @param key the 64-bit key as decimal text @returns undefined if another session, or another leader of this one, holds it */
  async tryLock(key: string): Promise<HeldLock | undefined> {
    const open = await this.#opened();
    if (open.held.has(key)) return undefined;
    open.held.add(key);
    const { rows } = await open.client
      .query<{ won: boolean }>('select pg_try_advisory_lock($1) as won', [key])
      .catch((error: unknown) => {
        open.held.delete(key);
        throw error;
      });
    if (rows[0]?.won === true) return { lost: open.lost.signal, unlock: () => unlock(open, key) };
    open.held.delete(key);
    return undefined;
  }

  #opened(): Promise<Open> {
    this.#open ??= this.#connect().catch((error: unknown) => {
      this.#open = undefined;
      throw error;
    });
    return this.#open;
  }

  async #connect(): Promise<Open> {
    const { Client, options } = this.pool as Pool & { readonly Client: new (options: object) => Client };
    const client = new Client(options);
    const open: Open = { client, lost: new AbortController(), held: new Set() };
    const lose = (): void => {
      open.lost.abort();
      if (this.#present === open) this.#open = undefined;
    };
    client.on('error', lose);
    client.on('end', lose);
    await client.connect();
    this.#present = open;
    void this.#watch(open);
    return open;
  }

  /** Notices a connection that was lost without a word. */
  async #watch({ client, lost }: Open): Promise<void> {
    while (!lost.signal.aborted) {
      await sleep(HEARTBEAT_MS, undefined, { ref: false });
      if (!lost.signal.aborted) await client.query('select 1').catch(() => client.end().catch(() => undefined));
    }
  }
}

/** A lock of a session that is lost is free already. */
const unlock = async ({ client, lost, held }: Open, key: string): Promise<void> => {
  held.delete(key);
  if (!lost.signal.aborted) await client.query('select pg_advisory_unlock($1)', [key]);
};

import type { Pool, PoolClient } from 'pg';

/**
 * A connection that is checked out of a pool. It listens for the loss of the connection, which would end the process without a
 * listener, and closes a connection in doubt instead of giving it back.
 */
export class Connection {
  #lost: Error | undefined;
  readonly #onError = (error: Error): void => {
    this.#lost = error;
  };

  private constructor(readonly client: PoolClient) {
    client.on('error', this.#onError);
  }

  /** @throws the pool's error when it has no connection to give */
  static async open(pool: Pool): Promise<Connection> {
    return new Connection(await pool.connect());
  }

  /** Whether the connection is lost, or in doubt. */
  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /** Marks the connection as in doubt: `release` closes it, which also ends its transaction and its session locks. */
  discard(error: unknown): void {
    this.#lost = error instanceof Error ? error : new Error(String(error));
  }

  /** Rolls back. A connection on which this fails is lost. It never throws. */
  async rollback(): Promise<void> {
    await this.client.query('rollback').catch(this.#onError);
  }

  /** Gives the connection back to its pool, or closes it if it is lost. */
  release(): void {
    // A lost connection may emit one more error after its release, so its listener stays.
    if (this.#lost === undefined) this.client.off('error', this.#onError);
    this.client.release(this.#lost);
  }
}

/**
 * Runs `work` on a connection of the pool. When `work` fails, its transaction is rolled back, and a connection on which that
 * fails is closed.
 */
export const connected = async <T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> => {
  const connection = await Connection.open(pool);
  try {
    return await work(connection.client);
  } catch (error) {
    await connection.rollback();
    throw error;
  } finally {
    connection.release();
  }
};

import type { Pool, PoolClient } from 'pg';

/** The connection was lost: whether the transaction was committed is not known. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
}

/** A connection for one transaction, and for others that are sent behind it before it has ended. */
export class Line {
  #users = 0;
  #lost: Error | undefined;
  readonly #onError = (error: Error): void => {
    this.#lost = error;
  };

  private constructor(readonly client: PoolClient) {
    client.on('error', this.#onError);
  }

  /** @throws ConnectionLostError when there is none to be had */
  static async open(pool: Pool): Promise<Line> {
    const client = await pool.connect().catch((error: unknown) => {
      throw new ConnectionLostError('no connection to the database', { cause: error });
    });
    return new Line(client);
  }

  /**
   * Runs a transaction; the connection goes back to its pool after the last one.
   * @throws ConnectionLostError when the connection was lost; any other error says that nothing was written
   */
  async run<T>(transaction: (client: PoolClient) => Promise<T>): Promise<T> {
    this.#users += 1;
    try {
      return await transaction(this.client);
    } catch (error) {
      // It also tells whether the connection still stands.
      await this.client.query('rollback').catch(this.#onError);
      throw this.#lost === undefined
        ? error
        : new ConnectionLostError('the connection to the database was lost', { cause: error });
    } finally {
      this.#users -= 1;
      if (this.#users === 0) this.#release();
    }
  }

  #release(): void {
    // A dead connection may complain once more, after it has been let go.
    if (this.#lost === undefined) this.client.off('error', this.#onError);
    this.client.release(this.#lost);
  }
}

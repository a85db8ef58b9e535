import type { Pool, PoolClient } from 'pg';
import { Connection } from '../connection.ts';

/** The connection was lost: whether the transaction was committed is not known. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
}

/** A connection for one transaction, and for further ones that are sent behind it before it has ended. */
export class Line {
  #users = 0;

  private constructor(private readonly connection: Connection) {}

  get client(): PoolClient {
    return this.connection.client;
  }

  /** @throws ConnectionLostError when the pool has no connection to give */
  static async open(pool: Pool): Promise<Line> {
    const connection = await Connection.open(pool).catch((error: unknown) => {
      throw new ConnectionLostError('no connection to the database', { cause: error });
    });
    return new Line(connection);
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
      // The rollback also shows whether the connection is still alive.
      await this.connection.rollback();
      throw this.connection.isLost
        ? new ConnectionLostError('the connection to the database was lost', { cause: error })
        : error;
    } finally {
      this.#users -= 1;
      if (this.#users === 0) this.connection.release();
    }
  }
}

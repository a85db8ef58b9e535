import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import { DUE_CHANNEL } from '../deliveries/delivery.table.ts';

/** Pause before listening again after the connection was lost, in milliseconds. */
const AWAY_MS = 500;

/** Hears, at the commit that made them, that deliveries are due. Whoever misses it finds them by looking. */
export class DueListener {
  #stopping = false;
  #end: () => void = () => undefined;
  #running: Promise<void> | undefined;

  constructor(
    private readonly pool: Pool,
    private readonly onDue: (endpoints: readonly string[]) => void,
    private readonly onError: (error: unknown) => void,
  ) {}

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#end();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      let client: PoolClient | undefined;
      try {
        client = await this.pool.connect();
        await this.#listen(client);
      } catch (error) {
        if (!this.#stopping) this.onError(error);
      } finally {
        // It listens until it is closed, so it does not go back among the others.
        client?.release(true);
      }
      if (!this.#stopping) await sleep(AWAY_MS);
    }
  }

  async #listen(client: PoolClient): Promise<void> {
    const over = new Promise<void>((end, fail) => {
      this.#end = end;
      client.on('error', fail);
    });
    client.on('notification', ({ payload = '' }) => this.onDue(payload === '' ? [] : payload.split(' ')));
    await Promise.race([client.query(`listen ${DUE_CHANNEL}`), over]);
    if (!this.#stopping) await over;
  }
}

import pg, { type Pool, type PoolClient } from 'pg';
import type { EventContract } from '../contract.ts';
import { pause } from '../leader.ts';
import { type Contracts, contractsByType, readPublished } from '../publish.ts';
import type { EventSource, SourceBatch } from '../source.ts';
import { eventsChannel } from '../store/schema.ts';

/** How often the log is looked at without being told, in milliseconds. */
const POLL_MS = 500;

/** Another service's log, read where it lies: in a schema of the same database. One partition, number 0. */
export class LogSource implements EventSource {
  readonly #contracts: Contracts;
  readonly #closing = new AbortController();
  #listener: Promise<void> | undefined;
  #grown = true;
  #wake: () => void = () => undefined;

  constructor(
    readonly service: string,
    private readonly pool: Pool,
    contracts: readonly EventContract<never>[],
    private readonly onError: (error: unknown) => void,
  ) {
    this.#contracts = contractsByType(contracts.filter((contract) => contract.service === service));
  }

  async next(
    checkpoints: (partition: number) => number,
    limit: number,
    signal: AbortSignal,
  ): Promise<SourceBatch | undefined> {
    this.#listener ??= this.#listen();
    while (!signal.aborted && !this.#closing.signal.aborted) {
      this.#grown = false;
      const after = checkpoints(0);
      const { events, position } = await readPublished(this.pool, this.service, this.#contracts, after, limit);
      if (position > after) return { partition: 0, events, position };
      if (!this.#grown) await this.#sleep(signal);
    }
    return undefined;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake();
    await this.#listener;
  }

  async #sleep(signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await pause(POLL_MS, AbortSignal.any([woken.signal, signal, this.#closing.signal]));
  }

  async #listen(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      let client: PoolClient | undefined;
      try {
        client = await this.pool.connect();
        const lost = new AbortController();
        client.on('error', () => lost.abort());
        client.on('notification', () => {
          this.#grown = true;
          this.#wake();
        });
        await client.query(`listen ${pg.escapeIdentifier(eventsChannel(this.service))}`);
        await new Promise<void>((ended) => {
          AbortSignal.any([lost.signal, signal]).addEventListener('abort', () => ended(), { once: true });
        });
      } catch (error) {
        this.onError(error);
      } finally {
        // It listens until it is closed, so it does not go back among the others.
        client?.release(true);
      }
      await pause(POLL_MS, signal);
    }
  }
}

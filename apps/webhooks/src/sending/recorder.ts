import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { recordFree, recordOrdered, type Result, type Writer } from './results.ts';

/** Pause before results are written again after the database failed, in milliseconds. */
const AWAY_MS = 500;

interface Waiting {
  readonly result: Result;
  readonly written: (done: boolean) => void;
}

/**
 * Writes results in groups: those that come in while one is being written make the next one, so that the cost of a transaction and the
 * wait for the disk are shared, and a lone result waits for nobody. Two groups side by side would be half as large and cost more
 * than the wait that they spare.
 */
export class Recorder {
  readonly #free: Groups;
  readonly #ordered: Groups;

  /**
   * @param keyed see `keyedPool`
   * @param onOpen hears of endpoints whose circuit is open, when the results have been written
   */
  constructor(
    pool: Pool,
    keyed: Pool,
    by: Writer,
    onOpen: (endpoints: readonly string[]) => void,
    onError: (error: unknown) => void,
  ) {
    this.#free = new Groups(async (results) => onOpen(await recordFree(keyed, by, results)), onError);
    this.#ordered = new Groups(async (results) => onOpen(await recordOrdered(pool, by, results)), onError);
  }

  /** @returns whether it has been written: it always is in the end, unless the recorder is stopped before */
  keep(result: Result): Promise<boolean> {
    return (result.delivery.queue === null ? this.#free : this.#ordered).add(result);
  }

  /** From now on what cannot be written at once is given up. */
  async stop(): Promise<void> {
    await Promise.all([this.#free.stop(), this.#ordered.stop()]);
  }
}

class Groups {
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #stopping = false;

  constructor(
    private readonly write: (results: readonly Result[]) => Promise<void>,
    private readonly onError: (error: unknown) => void,
  ) {}

  add(result: Result): Promise<boolean> {
    return new Promise((written) => {
      this.#waiting.push({ result, written });
      this.#running ??= this.#run();
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    // Results that arrive in the same turn of the event loop go together.
    await nextTurn();
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      const done = await this.#writeUntilDone(group.map(({ result }) => result));
      // What waits goes out first: the database writes it while others are sent in the places of these.
      setImmediate(() => {
        for (const { written } of group) written(done);
      });
    }
    this.#running = undefined;
  }

  async #writeUntilDone(results: readonly Result[]): Promise<boolean> {
    for (;;) {
      try {
        await this.write(results);
        return true;
      } catch (error) {
        this.onError(error);
        if (this.#stopping) return false;
        await sleep(AWAY_MS);
      }
    }
  }
}

import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { recordFree, recordOrdered, type Result, type Writer } from './results.ts';

/** Pause before results are written again after the database failed, in milliseconds. */
const AWAY_MS = 500;

/**
 * A group costs what seven results cost, so a small one waits for others that will come soon: until it is so large, and no longer than
 * so many milliseconds.
 */
const ENOUGH = 10;
const PATIENCE_MS = 3;

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

  /**
   * @param more others of its lane will come soon, and may be written along
   * @returns whether it has been written: it always is in the end, unless the recorder is stopped before
   */
  keep(result: Result, more: boolean): Promise<boolean> {
    return (result.delivery.queue === null ? this.#free : this.#ordered).add(result, more);
  }

  /** From now on what cannot be written at once is given up. */
  async stop(): Promise<void> {
    await Promise.all([this.#free.stop(), this.#ordered.stop()]);
  }
}

class Groups {
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  /** Ends the wait for more. */
  #complete: () => void = () => undefined;
  /** What waits is large enough, or keeps a lane from going on. */
  #urgent = false;
  #stopping = false;

  constructor(
    private readonly write: (results: readonly Result[]) => Promise<void>,
    private readonly onError: (error: unknown) => void,
  ) {}

  add(result: Result, more: boolean): Promise<boolean> {
    return new Promise((written) => {
      this.#waiting.push({ result, written });
      this.#urgent ||= !more || this.#waiting.length >= ENOUGH;
      if (this.#urgent) this.#complete();
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
      await this.#more();
      const group = this.#waiting;
      this.#waiting = [];
      this.#urgent = false;
      const done = await this.#writeUntilDone(group.map(({ result }) => result));
      // What waits goes out first: the database writes it while others are sent in the places of these.
      setImmediate(() => {
        for (const { written } of group) written(done);
      });
    }
    this.#running = undefined;
  }

  #more(): Promise<void> | undefined {
    if (this.#urgent) return undefined;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, PATIENCE_MS);
      this.#complete = () => {
        clearTimeout(timer);
        resolve();
      };
    });
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

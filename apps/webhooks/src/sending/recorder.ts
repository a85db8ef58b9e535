import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { recordFree, recordOrdered, type Result, type Writer } from './results.ts';

/** Pause before results are written again after the database failed, in milliseconds. */
const RETRY_MS = 500;

/**
 * A group of results costs as much as seven results, so a small group waits for results that will come soon: until it has ENOUGH, and
 * no longer than LINGER_MS.
 */
const ENOUGH = 10;
const LINGER_MS = 3;

interface Waiting {
  readonly result: Result;
  readonly written: (done: boolean) => void;
}

/**
 * Writes results in groups. Results that arrive during one write form the next group, so that they share the cost of a transaction and the
 * wait for the disk, and a single result is written at once. Two groups in parallel would be half as large, and cost more than the
 * waiting that they save.
 */
export class Recorder {
  readonly #free: Groups;
  readonly #ordered: Groups;

  /**
   * @param keyed see `keyedPool`
   * @param onOpen called with the endpoints whose circuit is open, after the results have been written
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
   * @param more results of the same lane will probably come soon, and can be written with this one
   * @returns whether the result has been written. It is retried until it is, unless the recorder is stopped before.
   */
  keep(result: Result, more: boolean): Promise<boolean> {
    return (result.delivery.queue === null ? this.#free : this.#ordered).add(result, more);
  }

  /** Writes what is waiting. From now on a group that fails is not retried. */
  async stop(): Promise<void> {
    await Promise.all([this.#free.stop(), this.#ordered.stop()]);
  }
}

class Groups {
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  /** Ends the wait for more results. */
  #complete: () => void = () => undefined;
  /** The waiting group is large enough, or a lane has nothing more under way. */
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
      // The next group is sent first, so that the database writes it while new attempts begin.
      setImmediate(() => {
        for (const { written } of group) written(done);
      });
    }
    this.#running = undefined;
  }

  #more(): Promise<void> | undefined {
    if (this.#urgent) return undefined;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, LINGER_MS);
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
        await sleep(RETRY_MS);
      }
    }
  }
}

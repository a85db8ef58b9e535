import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { recordFree, recordOrdered, type Result, type Writer } from './results.ts';

/** Pause before results are written again after the database failed, in milliseconds. */
const AWAY_MS = 500;

interface Waiting {
  readonly result: Result;
  readonly written: (done: boolean) => void;
}

/** Groups that are written side by side: while one waits for the disk, the database is not idle. */
const AT_ONCE = 2;

/**
 * Writes results in groups: those that come in while groups are being written make the next one, so that the wait for the disk is
 * shared and a lone result waits for nobody.
 */
export class Recorder {
  readonly #free: Groups;
  readonly #ordered: Groups;

  /** @param onOpen hears of endpoints whose circuit is open, when the results have been written */
  constructor(
    pool: Pool,
    by: Writer,
    onOpen: (endpoints: readonly string[]) => void,
    onError: (error: unknown) => void,
  ) {
    this.#free = new Groups(AT_ONCE, async (results) => onOpen(await recordFree(pool, by, results)), onError);
    // A lock lets no two of these be written at once.
    this.#ordered = new Groups(1, async (results) => onOpen(await recordOrdered(pool, by, results)), onError);
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
  readonly #writing = new Set<Promise<void>>();
  #running = 0;
  #stopping = false;

  constructor(
    private readonly atOnce: number,
    private readonly write: (results: readonly Result[]) => Promise<void>,
    private readonly onError: (error: unknown) => void,
  ) {}

  add(result: Result): Promise<boolean> {
    return new Promise((written) => {
      this.#waiting.push({ result, written });
      if (this.#running === this.atOnce) return;
      this.#running += 1;
      const writing = this.#run();
      this.#writing.add(writing);
      void writing.then(() => this.#writing.delete(writing));
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#writing);
  }

  async #run(): Promise<void> {
    // Results that arrive in the same turn of the event loop go together.
    await nextTurn();
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      const done = await this.#writeUntilDone(group.map(({ result }) => result));
      for (const { written } of group) written(done);
    }
    this.#running -= 1;
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

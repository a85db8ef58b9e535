interface Waiting<T> {
  readonly key: string;
  readonly answered: (answer: T | undefined) => void;
  readonly failed: (error: unknown) => void;
}

type Ask<T> = (keys: readonly string[]) => Promise<ReadonlyMap<string, T>>;

/** The maximum number of keys per query. */
const KEYS = 500;

/** The maximum number of queries that run at the same time: enough to give a slow disk several requests in parallel. */
const QUESTIONS = 4;

/**
 * Batches queries by key. Keys that are requested in the same turn of the event loop, or while the maximum number of queries
 * is running, go into the next query together.
 */
export class Gatherer<T> {
  readonly #waiting: Waiting<T>[] = [];
  #gathering = false;
  #asking = 0;

  constructor(private readonly ask: Ask<T>) {}

  /** @returns the query's result for the key; undefined if there is none */
  get(key: string): Promise<T | undefined> {
    return new Promise((answered, failed) => {
      this.#waiting.push({ key, answered, failed });
      this.#gather();
    });
  }

  #gather(): void {
    if (this.#gathering || this.#asking === QUESTIONS || this.#waiting.length === 0) return;
    this.#gathering = true;
    setImmediate(() => {
      this.#gathering = false;
      this.#asking += 1;
      void this.#answer(this.#waiting.splice(0, KEYS)).finally(() => {
        this.#asking -= 1;
        this.#gather();
      });
      this.#gather();
    });
  }

  async #answer(group: readonly Waiting<T>[]): Promise<void> {
    try {
      const answers = await this.ask(group.map(({ key }) => key));
      for (const { key, answered } of group) answered(answers.get(key));
    } catch (error) {
      // One bad key may have failed the whole query. The other keys must not fail because of it.
      if (group.length === 1) group[0]?.failed(error);
      else await Promise.all(group.map((one) => this.#answer([one])));
    }
  }
}

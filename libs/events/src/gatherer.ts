interface Waiting<T> {
  readonly key: string;
  readonly answered: (answer: T | undefined) => void;
  readonly failed: (error: unknown) => void;
}

type Ask<T> = (keys: readonly string[]) => Promise<ReadonlyMap<string, T>>;

/** Keys of a question at most. */
const KEYS = 500;

/** Questions under way at most: enough that a slow disk is asked for several things at once. */
const QUESTIONS = 4;

/**
 * Makes one question of many: keys that are asked for in the same turn of the event loop, or while as many questions are under way as
 * may be, make the next one together.
 */
export class Gatherer<T> {
  readonly #waiting: Waiting<T>[] = [];
  #gathering = false;
  #asking = 0;

  constructor(private readonly ask: Ask<T>) {}

  /** @returns what the question brought for the key, if anything */
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
      // What one of them brought may be what failed: that shall not be the others' failure.
      if (group.length === 1) group[0]?.failed(error);
      else await Promise.all(group.map((one) => this.#answer([one])));
    }
  }
}

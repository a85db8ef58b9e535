interface Waiting<T> {
  readonly key: string;
  readonly answered: (answer: T | undefined) => void;
  readonly failed: (error: unknown) => void;
}

/** What is asked for at the same time; more goes into the next question. */
const AT_ONCE = 500;

/**
 * Makes one question of many: keys that are asked for while a question is under way make the next one together, and a lone key
 * waits for nobody.
 */
export class Gatherer<T> {
  #waiting: Waiting<T>[] = [];
  #asking = false;

  constructor(private readonly ask: (keys: readonly string[]) => Promise<ReadonlyMap<string, T>>) {}

  /** @returns what the question brought for the key, if anything */
  get(key: string): Promise<T | undefined> {
    return new Promise((answered, failed) => {
      this.#waiting.push({ key, answered, failed });
      if (!this.#asking) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#asking = true;
    // What is asked for in the same turn of the event loop goes together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, AT_ONCE);
      try {
        const answers = await this.ask(group.map(({ key }) => key));
        for (const { key, answered } of group) answered(answers.get(key));
      } catch (error) {
        for (const { failed } of group) failed(error);
      }
    }
    this.#asking = false;
  }
}

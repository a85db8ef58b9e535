import type { Logger } from '../telemetry/logger.ts';
import type { BackgroundWork } from './background-work.ts';

/** Time between two lines in the log, in milliseconds. */
const EVERY_MS = 5_000;

/** Shows in the log how far work has come that goes on for long. */
export class WorkProgress {
  #done = 0;
  /** When the work began that is not finished yet, and when it was last shown, by `performance.now()`. */
  #since: number | undefined;
  #shownAt = 0;

  constructor(
    private readonly work: BackgroundWork,
    private readonly labels: Readonly<Record<string, string>>,
    private readonly logger: Logger,
  ) {}

  done(): void {
    this.#done += 1;
  }

  /** After each look. @param idle nothing is due, and nothing is attended to */
  async look(now: Date, idle: boolean): Promise<void> {
    if (this.work.isEndless) return;
    if (idle) {
      if (this.#since !== undefined && this.#shownAt > this.#since) this.#show(this.#since, 0);
      this.#since = undefined;
      return;
    }
    const time = performance.now();
    if (this.#since === undefined) {
      this.#done = 0;
      this.#since = time;
      this.#shownAt = time;
    }
    if (time - this.#shownAt < EVERY_MS) return;
    this.#shownAt = time;
    this.#show(this.#since, await this.work.left?.({ now }));
  }

  #show(since: number, left: number | undefined): void {
    const per_second = Math.round(this.#done / ((performance.now() - since) / 1_000));
    this.logger.info({ ...this.labels, done: this.#done, per_second, left }, 'background work goes on');
  }
}

/** Timers stop while a computer sleeps, so a pause checks its deadline at least this often. Milliseconds. */
const CHECK_MS = 5_000;

/**
 * A point in time that has come when either of two clocks says so. The device's clock goes on while the computer sleeps, but it
 * can be set back; the monotonic clock cannot be set, but may stop while the computer sleeps.
 */
export class Deadline {
  /** By the device's clock, in milliseconds since 1970. */
  readonly at: number;
  readonly #monotonic: number;

  /**
   * @param ms from now on
   * @param now the device's clock
   */
  constructor(
    ms: number,
    private readonly now: () => number,
  ) {
    this.at = now() + ms;
    this.#monotonic = performance.now() + ms;
  }

  /** Milliseconds that are left; 0 or less when the deadline has come. */
  get left(): number {
    return Math.min(this.at - this.now(), this.#monotonic - performance.now());
  }
}

/**
 * Waits until a deadline, or until `signal` is aborted, and never throws. Its timers do not keep the process of a program
 * running that has nothing else to do.
 */
export const pauseUntil = async (deadline: Deadline, signal: AbortSignal): Promise<void> => {
  while (deadline.left > 0 && !signal.aborted) await pause(Math.min(deadline.left, CHECK_MS), signal);
};

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
    unref(timer);
  });

/** Timers of Node.js are objects that keep the process running; those of browsers are numbers. */
const unref = (timer: unknown): void => {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer) (timer as { unref(): void }).unref();
};

/**
 * Milliseconds before the next try. They double with every failure up to a limit; half of them is random, so that many clients
 * do not come back at the same moment. Never less than the server asked for.
 *
 * @param failures failures in a row, from 1
 * @param longest the limit in milliseconds
 */
export const backOff = (failures: number, retryAfterMs: number | null, longest: number): number =>
  Math.max(retryAfterMs ?? 0, Math.min(longest, 1000 * 2 ** (failures - 1)) * (0.5 + Math.random() / 2));

import { setTimeout as sleep } from 'node:timers/promises';

export interface Tries {
  /** Whether another try may succeed after this error. */
  readonly when: (error: unknown) => boolean;
  /** The most tries (default: no limit). */
  readonly atMost?: number;
  /** Pause after this many failed tries, in milliseconds (default: the next try follows at once). */
  readonly pauseMs?: (tries: number) => number;
}

/**
 * Calls `work` again while it fails with an error that may pass.
 * @throws the first error for which `when` is false, or the error of the last try
 */
export const tryAgain = async <T>(work: () => Promise<T>, { when, atMost = Infinity, pauseMs }: Tries): Promise<T> => {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries >= atMost || !when(error)) throw error;
    }
    if (pauseMs !== undefined) await sleep(pauseMs(tries));
  }
};

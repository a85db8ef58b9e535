/** Timers do not count the time that a computer sleeps, so the clock on the wall is looked at this often. */
const LOOK_MS = 5_000;

/**
 * Waits until a time by `now`, or until `signal` is aborted, which is an end like any other. Does not keep a program
 * running that has nothing else to do.
 */
export const pauseUntil = async (at: number, now: () => number, signal: AbortSignal): Promise<void> => {
  for (let rest = at - now(); rest > 0 && !signal.aborted; rest = at - now())
    await pause(Math.min(rest, LOOK_MS), signal);
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
    letGo(timer);
  });

/** Node's timers are objects that hold the process; a browser's are numbers. */
const letGo = (timer: unknown): void => {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer) (timer as { unref(): void }).unref();
};

/**
 * Milliseconds before the next try: doubled with every failure, drawn at random from the upper half so that many clients do
 * not come back at once, and never less than the server asked for.
 * @param failures how many there were in a row, from 1
 */
export const backOff = (failures: number, retryAfterMs: number | null, longest: number): number =>
  Math.max(retryAfterMs ?? 0, Math.min(longest, 1000 * 2 ** (failures - 1)) * (0.5 + Math.random() / 2));

import type { ClockFollower } from '#platform/clock/catch-up';
import { Problem } from '#platform/http/problem';

/** Maximum wait until all due work is done, in milliseconds. */
const PATIENCE_MS = 120_000;

/**
 * Number of rounds without a new event after which no work can be due. The first round shows that all events have been
 * handled. The second finds the work that their handling made due without an event.
 */
const QUIET_ROUNDS = 2;

/**
 * Moves the clock of every service, and waits until all due work is done and all events that it caused have been handled.
 * Work in one service may make work due in another, so this repeats until nothing changes.
 * @throws Problem 503 `TEST_CLOCK_BEHIND` if that takes too long; the clock has moved nevertheless
 */
export const moveClock = async (
  followers: readonly ClockFollower[],
  to: Date,
  patienceMs = PATIENCE_MS,
): Promise<void> => {
  const deadline = performance.now() + patienceMs;
  let heads: string | undefined;
  for (let quiet = 0; quiet < QUIET_ROUNDS;) {
    const reports = await Promise.all(followers.map((follower) => follower.catchUp(to)));
    const behind = reports.flatMap((report) => report.behind);
    const seen = reports.map(({ head }) => head).join();
    quiet = behind.length === 0 && seen === heads ? quiet + 1 : 0;
    heads = seen;
    if (quiet < QUIET_ROUNDS && performance.now() >= deadline) throw stillBehind(to, behind);
  }
};

const stillBehind = (to: Date, behind: readonly string[]): Problem =>
  new Problem(
    503,
    'TEST_CLOCK_BEHIND',
    `The clock is at ${to.toISOString()}, and not everything that fell due has been done. Send this time again to go on waiting.`,
    { behind: behind.length > 0 ? behind : ['events keep being recorded'] },
    { 'retry-after': '1' },
  );

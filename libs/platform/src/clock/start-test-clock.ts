import type { Pool } from 'pg';
import type { Progress } from '../background/run-work.ts';
import { type ClockFollower, type Lagging, LocalFollower } from './catch-up.ts';
import { KeptTestClock } from './kept-test-clock.ts';
import type { TestClock } from './test-clock.ts';

export interface FollowingService {
  readonly name: string;
  readonly pool: Pool;
  /** Names of its work that follows business time. */
  readonly work: readonly string[];
  /** Its subscriptions and its relay. */
  readonly lagging: () => readonly Lagging[];
}

export interface RunningTestClock {
  /** One for each service of this process. */
  readonly followers: readonly ClockFollower[];
  progressOf(service: string): Progress | undefined;
  stop(): Promise<void>;
}

/** Sets the clock to the time that the services have kept, and lets it follow them from then on. */
export const startTestClock = async (
  clock: TestClock,
  services: readonly FollowingService[],
  onError: (error: unknown, service: string) => void,
): Promise<RunningTestClock> => {
  const kept = new Map<string, KeptTestClock>();
  const followers: ClockFollower[] = [];
  for (const { name, pool, work, lagging } of services) {
    const one = new KeptTestClock(clock, pool, name, (error) => onError(error, name));
    await one.start();
    kept.set(name, one);
    followers.push(new LocalFollower(one, pool, work, lagging));
  }
  return {
    followers,
    progressOf: (service) => kept.get(service),
    stop: async () => {
      await Promise.all([...kept.values()].map((one) => one.stop()));
    },
  };
};

import { type Clock, realTime } from './clock.ts';

/**
 * Business time of a process under `KEYLEDGER_TEST_CLOCK=on`: real time until the clock is set for the first time. From then on it
 * stands still between two moves, so that nothing falls due by itself and every instance reads the same time.
 */
export class TestClock implements Clock {
  #at: Date | undefined;

  now(): Date {
    return this.#at === undefined ? new Date(realTime()) : new Date(this.#at);
  }

  /** Moves the clock forward; an earlier time changes nothing. */
  moveTo(to: Date): void {
    if (this.#at === undefined || to > this.#at) this.#at = to;
  }
}

import type { Clock } from '#platform/clock/clock';

/** Business time of a test: it runs at the speed of real time, ahead of it by the sum of all moves. */
export class MovableClock implements Clock {
  #ahead = 0;

  now(): Date {
    return new Date(Date.now() + this.#ahead);
  }

  /** Moves the clock forward. */
  pass(milliseconds: number): void {
    this.#ahead += milliseconds;
  }

  /** Moves the clock back to real time. */
  reset(): void {
    this.#ahead = 0;
  }
}

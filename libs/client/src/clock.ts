/** What is remembered of time between runs, in milliseconds. */
export interface ClockMemory {
  /** The server's time minus the device's, when the two were last compared. */
  readonly offset: number;
  /** The latest time ever seen, by the server's clock. */
  readonly latest: number;
}

/**
 * How far apart two correct clocks may be, in milliseconds. A clock that goes back by no more than this was corrected; a lease
 * that begins no later than this may be used at once.
 */
export const CLOCK_TOLERANCE_MS = 5 * 60_000;

/**
 * The server's time, kept by this device's clock. A device clock that was always wrong does no harm: it is compared with the
 * server's in every confirmed call. A device clock that is set back later must not lengthen a lease, so time never runs backward here.
 */
export class Clock {
  #memory: ClockMemory;

  constructor(
    private readonly local: () => number,
    memory: ClockMemory = { offset: 0, latest: 0 },
  ) {
    this.#memory = memory;
  }

  get memory(): ClockMemory {
    return this.#memory;
  }

  /** The server's time as the device's clock shows it, in milliseconds since 1970. It goes back when the device's clock is set back. */
  now(): number {
    return this.local() + this.#memory.offset;
  }

  /** Whether the device's clock was set back by more than the tolerance. */
  get turnedBack(): boolean {
    return this.now() < this.#memory.latest - CLOCK_TOLERANCE_MS;
  }

  /**
   * The time to judge a lease by, which it notes: `now()`, or the latest time ever seen where that is later. So a lease that
   * was seen expired stays expired when the clock is set back within the tolerance.
   */
  advance(): number {
    const latest = Math.max(this.#memory.latest, this.now());
    this.#memory = { ...this.#memory, latest };
    return latest;
  }

  /** Sets the time to the server's, in milliseconds since 1970. */
  synchronize(serverTime: number): void {
    this.#memory = { offset: serverTime - this.local(), latest: serverTime };
  }
}

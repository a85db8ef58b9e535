/** What is remembered of time, in milliseconds. */
export interface ClockMemory {
  /** The server's clock minus this device's, when they were last compared. */
  readonly offset: number;
  /** The latest time that was ever seen, by the server's clock. */
  readonly latest: number;
}

/** Set back by less than this, a clock has been mended, not turned back. */
const TOLERANCE = 5 * 60_000;

/**
 * This device's clock as the server would read it. A clock that has always been wrong does no harm; one that is turned back
 * while the server is out of reach is found out, for else a lease would never end. The next answer of the server sets it right.
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

  /** Now, by the server's clock. */
  now(): number {
    return this.local() + this.#memory.offset;
  }

  /** Whether time stands before what has been seen already. */
  get turnedBack(): boolean {
    return this.now() < this.#memory.latest - TOLERANCE;
  }

  /** Notes that it is as late as it is. */
  see(): void {
    this.#memory = { ...this.#memory, latest: Math.max(this.#memory.latest, this.now()) };
  }

  /**
   * The server has said what time it is.
   * @param serverTime of its `Date` header; null where a proxy has taken it away
   * @param issuedAt of a lease that it signed: it cannot be earlier than that
   */
  hear(serverTime: number | null, issuedAt: number): void {
    const now = Math.max(serverTime ?? this.now(), issuedAt);
    this.#memory = { offset: now - this.local(), latest: now };
  }
}

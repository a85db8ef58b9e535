/**
 * Lets one loop at a time sleep until something happens. A ring without a waiting loop is kept for the next wait.
 * (Signals joined by `AbortSignal.any` in a loop would do the same and leak: about 2 kB a turn under Node 24.)
 */
export class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Returns when the bell rings, or has rung since the last wait, or after so many milliseconds (none = only when it rings). */
  async wait(milliseconds?: number): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        const timer = milliseconds === undefined ? undefined : setTimeout(resolve, milliseconds);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#wake = undefined;
    this.#rung = false;
  }
}

/** Rings the bell when the signal aborts, for as long as `work` runs. */
export const ringingOnAbort = async <T>(bell: Bell, signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
  const ring = (): void => bell.ring();
  signal.addEventListener('abort', ring, { once: true });
  try {
    return await work();
  } finally {
    signal.removeEventListener('abort', ring);
  }
};

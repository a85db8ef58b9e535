import type { Lane } from './lane.ts';

/**
 * How long an attempt counts as work for this process, in milliseconds. An attempt that is under way for longer only waits for an answer and
 * costs a socket. It frees its slot for others, so that slow endpoints never take all slots.
 */
const WORK_MS = 100;

/** Slots for attempts: how many one process works on at once. Products take turns at slots, and so do the lanes of a product. */
export class AttemptSlots {
  /** Ids of deliveries that hold a slot, oldest first, and since when (`performance.now()`). */
  readonly #working = new Map<string, number>();
  /** Lanes that may have something to send, by product, in the order of their turns. */
  readonly #waiting = new Map<string, Set<Lane>>();

  constructor(private readonly total: number) {}

  get free(): boolean {
    return this.#working.size < this.total;
  }

  take(id: string): void {
    this.#working.set(id, performance.now());
  }

  /** The attempt is over. */
  give(id: string): void {
    this.#working.delete(id);
  }

  /**
   * Frees slots of attempts older than WORK_MS, in proportion to the idle time of the event loop. In a process without idle time those
   * attempts wait for the process, not for their endpoints, and more attempts would only wait longer.
   * @param idle from 0 to 1, since the last sweep
   */
  sweep(idle: number): void {
    const since = performance.now() - WORK_MS;
    let left = Math.ceil(this.total * idle);
    for (const [id, taken] of this.#working) {
      if (taken > since || left-- <= 0) return;
      this.#working.delete(id);
    }
  }

  /** Queues the lane behind the other lanes of its product. */
  wait(lane: Lane): void {
    const group = lane.product ?? '';
    const lanes = this.#waiting.get(group);
    if (lanes === undefined) this.#waiting.set(group, new Set([lane]));
    else lanes.add(lane);
  }

  /** The lane whose turn it is, taken out of the queue. */
  turn(): Lane | undefined {
    for (const [group, lanes] of this.#waiting) {
      this.#waiting.delete(group);
      for (const lane of lanes) {
        lanes.delete(lane);
        if (lanes.size > 0) this.#waiting.set(group, lanes);
        return lane;
      }
    }
    return undefined;
  }
}

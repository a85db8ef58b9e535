import type { Lane } from './lane.ts';

/**
 * How long an attempt is work for this process, in milliseconds. One that has been under way for longer only waits for an answer,
 * and costs a socket: it gives its place to others, so that endpoints that are slow never take all of them.
 */
const WORK_MS = 100;

/** How much one process does at once. While there is more to do, products take turns, and the lanes of a product. */
export class Places {
  /** Ids of deliveries that are being worked on, the longest first, and since when. */
  readonly #working = new Map<string, number>();
  /** Lanes that may have something to send, by product; in the order of their turns. */
  readonly #waiting = new Map<string, Set<Lane>>();

  constructor(private readonly total: number) {}

  get free(): boolean {
    return this.#working.size < this.total;
  }

  take(id: string): void {
    this.#working.set(id, performance.now());
  }

  /** It is over. */
  give(id: string): void {
    this.#working.delete(id);
  }

  /**
   * Takes places back from those that have had them for long: as great a share of all as this process had of its time to spare.
   * Where it had none, they wait for the process and not the process for them, and more attempts would only wait longer.
   * @param idle from 0 to 1
   */
  sweep(idle: number): void {
    const since = performance.now() - WORK_MS;
    let left = Math.ceil(this.total * idle);
    for (const [id, taken] of this.#working) {
      if (taken > since || left-- <= 0) return;
      this.#working.delete(id);
    }
  }

  /** The lane takes its turn after all others of its product that wait. */
  wait(lane: Lane): void {
    const group = lane.product ?? '';
    const lanes = this.#waiting.get(group);
    if (lanes === undefined) this.#waiting.set(group, new Set([lane]));
    else lanes.add(lane);
  }

  /** Whose turn it is. */
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

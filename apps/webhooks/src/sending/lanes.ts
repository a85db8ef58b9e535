import { type Claimed, endpointOf, laneOf } from './claimed.ts';
import type { Applicant } from './fair-share.ts';
import { Lane } from './lane.ts';

/** The lanes of one sender, by name (see `laneOf`), the one that claimed last at the end. */
export class Lanes {
  readonly #lanes = new Map<string, Lane>();

  /** @param concurrency of an endpoint until its own is known */
  constructor(private readonly concurrency: number) {}

  /** The lane, made if there is none yet. */
  of(name: string): Lane {
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = new Lane(this.concurrency, endpointOf(name).replayed, () => this.beside(name));
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  /** The other lane of the same endpoint, if there is one. */
  beside(name: string): Lane | undefined {
    const { endpoint_id, replayed } = endpointOf(name);
    return this.#lanes.get(laneOf(endpoint_id, !replayed));
  }

  /** Lanes that can take more claims now. */
  applicants(): Applicant[] {
    return [...this.#lanes].flatMap(([id, { room, product }]) =>
      room > 0 ? { id, group: product ?? 'all', room } : [],
    );
  }

  /** The lane comes after the others of its product in the next round of claims. */
  moveToEnd(name: string): Lane {
    const lane = this.of(name);
    this.#lanes.delete(name);
    this.#lanes.set(name, lane);
    return lane;
  }

  forgetIdle(): void {
    for (const [name, lane] of this.#lanes) if (lane.idle) this.#lanes.delete(name);
  }

  /** Takes what is claimed and not yet being sent out of all lanes of these endpoints. @returns it */
  clear(endpoints: readonly string[]): Claimed[] {
    const names = endpoints.flatMap((id) => [laneOf(id, false), laneOf(id, true)]);
    return names.flatMap((name) => this.#lanes.get(name)?.clear() ?? []);
  }

  clearAll(): Claimed[] {
    return [...this.#lanes.values()].flatMap((lane) => lane.clear());
  }
}

import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import type { Opening } from '../endpoints/secret.ts';
import type { DeliverySettings } from './settings.ts';
import { readTargets } from './statements/read-targets.ts';
import { type Target, targetOf, type TargetRow } from './target.ts';

/** Endpoints whose targets are kept in memory. */
const KEPT = 10_000;

interface Wanted {
  readonly endpoint_id: string;
  /** The version that the endpoint had when the delivery was claimed. */
  readonly version: number;
}

/** Endpoints as the sender needs them, read once for each version. A change takes effect with the next claim. */
export class Targets {
  readonly #kept = new LRUCache<string, Target>({ max: KEPT });

  constructor(
    private readonly pool: Pool,
    private readonly masterKey: Opening,
    private readonly settings: DeliverySettings,
    private readonly onError: (error: unknown, what: string) => void,
  ) {}

  get(endpointId: string): Target | undefined {
    return this.#kept.get(endpointId);
  }

  /** Targets of claimed deliveries, at least as new as the claims. A deleted endpoint is left out. */
  async of(wanted: readonly Wanted[]): Promise<ReadonlyMap<string, Target>> {
    const stale = wanted.filter(({ endpoint_id, version }) => (this.#kept.get(endpoint_id)?.version ?? -1) < version);
    if (stale.length > 0) await this.#read([...new Set(stale.map(({ endpoint_id }) => endpoint_id))]);
    const found = new Map<string, Target>();
    for (const { endpoint_id } of wanted) {
      const target = this.#kept.get(endpoint_id);
      if (target !== undefined) found.set(endpoint_id, target);
    }
    return found;
  }

  async #read(ids: readonly string[]): Promise<void> {
    const { rows } = await this.pool.query<TargetRow>({ ...readTargets, values: [ids] });
    for (const id of ids) this.#kept.delete(id);
    for (const row of rows) {
      try {
        this.#kept.set(row.id, targetOf(row, this.masterKey, this.settings));
      } catch (error) {
        // One endpoint whose secrets cannot be opened must not hold up the others.
        this.onError(error, `webhook ${row.id} could not be made ready`);
      }
    }
  }
}

import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import type { Opening } from '../endpoints/secret.ts';
import type { DeliverySettings } from './settings.ts';
import { type Target, targetOf, type TargetRow } from './target.ts';

/** Endpoints kept ready. */
const KEPT = 10_000;

const READ = `select id, version, product_id, url, secrets, settings from webhook_endpoints where id = any($1)`;

interface Wanted {
  readonly endpoint_id: string;
  /** The version that the endpoint had when the delivery was claimed. */
  readonly version: number;
}

/** Endpoints as the sender knows them: read once a version, so that a change counts from the next claim on. */
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

  /** Those of the claims, at least as new as they ask for; one that has been deleted since is left out. */
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
    const { rows } = await this.pool.query<TargetRow>({ name: 'read_targets', text: READ, values: [ids] });
    for (const id of ids) this.#kept.delete(id);
    for (const row of rows) {
      try {
        this.#kept.set(row.id, targetOf(row, this.masterKey, this.settings));
      } catch (error) {
        // One endpoint that cannot be opened must not keep the others from being sent to.
        this.onError(error, `webhook ${row.id} could not be made ready`);
      }
    }
  }
}

import type { Pool } from 'pg';
import { type Claimed, endpointOf, type Held, laneOf, type Reached, type Taken } from './claimed.ts';
import { Gated } from './gated-claims.ts';
import { claimDeliveries } from './statements/claim-deliveries.ts';
import { lanesWithDue } from './statements/lanes-with-due.ts';
import { releaseClaims } from './statements/release-claims.ts';
import { renewClaims } from './statements/renew-claims.ts';

type LaneName = Pick<Claimed, 'endpoint_id' | 'replayed'>;

/** Claims of one process on due deliveries. No two processes hold the same delivery; the claims of a killed process expire. */
export class Claims {
  readonly #gated: Gated;

  constructor(
    private readonly pool: Pool,
    /** See `keyedPool`. */
    private readonly keyed: Pool,
    /** UUID of this process. */
    readonly owner: string,
    /** Milliseconds. */
    private readonly lease: number,
  ) {
    this.#gated = new Gated(pool, owner, lease);
  }

  /** Lanes of active endpoints that have something to claim. */
  async lanesWithDue(): Promise<string[]> {
    const { rows } = await this.pool.query<LaneName>(lanesWithDue);
    return rows.map(({ endpoint_id, replayed }) => laneOf(endpoint_id, replayed));
  }

  /**
   * Claims up to so many due deliveries of each lane, the longest due first, and no more than the endpoint's gate allows.
   * @param free how many, by lane
   * @param from where the last claim of the lane ended
   */
  async take(free: ReadonlyMap<string, number>, from: ReadonlyMap<string, Reached>): Promise<Taken> {
    const names = [...free.keys()];
    const lanes = names.map(endpointOf);
    const values = [
      lanes.map(({ endpoint_id }) => endpoint_id),
      [...free.values()],
      this.owner,
      this.lease,
      lanes.map(({ replayed }) => replayed),
      names.map((name) => from.get(name)?.due_us ?? 0),
      names.map((name) => from.get(name)?.seq ?? 0),
    ];
    const { rows } = await this.keyed.query<Claimed | (LaneName & { readonly id: null })>({
      ...claimDeliveries,
      values,
    });
    const claimed = rows.filter((row): row is Claimed => row.id !== null);
    const gated = rows.filter(({ id }) => id === null);
    const permitted = gated.length === 0 ? NONE : await this.#gated.take(gated, free);
    return { claimed: [...claimed, ...permitted.claimed].sort(bySeq), held: permitted.held };
  }

  /** Extends claims. @returns the ids that this process still holds */
  async renew(held: readonly Held[]): Promise<Set<string>> {
    const { rows } = await this.pool.query<{ id: string }>({
      ...renewClaims,
      values: [held.map(({ id }) => id), this.owner, this.lease, held.map(({ day }) => day)],
    });
    return new Set(rows.map(({ id }) => id));
  }

  /** Gives up claims, so that any process can claim the deliveries at once. */
  async release(held: readonly Held[]): Promise<void> {
    if (held.length === 0) return;
    const values = [held.map(({ id }) => id), this.owner, held.map(({ day }) => day)];
    await this.pool.query({ ...releaseClaims, values });
  }
}

const NONE: Taken = { claimed: [], held: new Map() };
const bySeq = (a: Claimed, b: Claimed): number => Number(a.seq) - Number(b.seq);

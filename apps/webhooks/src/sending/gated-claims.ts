import type { Pool } from 'pg';
import { type Claimed, laneOf, type Taken } from './claimed.ts';
import { claimGatedDeliveries } from './statements/claim-gated-deliveries.ts';
import { ensureGates } from './statements/ensure-gates.ts';

/**
 * How far ahead of its slot a delivery is claimed, in milliseconds: far enough that a claim is worth a round trip, near enough that the slots
 * of a killed process do not matter.
 */
const HORIZON_MS = 1_000;
/** A probe without a result is repeated after so many milliseconds: longer than any attempt lasts. */
const PROBE_MS = 90_000;

interface Row extends Omit<Claimed, 'id' | 'permit'> {
  readonly id: string | null;
  readonly wait: number;
  readonly probe: boolean;
  readonly resume: number | null;
}

/** Claims on deliveries of endpoints that have a rate limit or an open circuit. Both hold across all instances. */
export class Gated {
  constructor(
    private readonly pool: Pool,
    private readonly owner: string,
    private readonly lease: number,
  ) {}

  /** Live deliveries get slots first. Replayed ones get none in advance, so that live deliveries do not wait behind them. */
  async take(
    lanes: readonly Pick<Claimed, 'endpoint_id' | 'replayed'>[],
    free: ReadonlyMap<string, number>,
  ): Promise<Taken> {
    const [live, replays] = [lanes.filter(({ replayed }) => !replayed), lanes.filter(({ replayed }) => replayed)];
    const taken = await this.#take(endpoints(live), false, HORIZON_MS, free);
    const rest = await this.#take(endpoints(replays), true, 0, free);
    return { claimed: [...taken.claimed, ...rest.claimed], held: new Map([...taken.held, ...rest.held]) };
  }

  async #take(
    ids: readonly string[],
    replayed: boolean,
    horizon: number,
    free: ReadonlyMap<string, number>,
  ): Promise<Taken> {
    const claimed: Claimed[] = [];
    const held = new Map<string, number | undefined>();
    if (ids.length === 0) return { claimed, held };
    await this.pool.query({ ...ensureGates, values: [ids] });
    const places = ids.map((id) => free.get(laneOf(id, replayed)) ?? 0);
    const { rows } = await this.pool.query<Row>({
      ...claimGatedDeliveries,
      values: [ids, places, this.owner, this.lease, horizon, PROBE_MS, replayed],
    });
    const now = performance.now();
    for (const { id, wait, probe, resume, ...rest } of rows) {
      if (id === null) {
        const lane = laneOf(rest.endpoint_id, replayed);
        held.set(lane, resume === null ? undefined : now + Math.max(0, resume));
      } else claimed.push({ ...rest, id, permit: { not_before: now + Math.max(0, wait), probe } });
    }
    return { claimed, held };
  }
}

const endpoints = (lanes: readonly Pick<Claimed, 'endpoint_id'>[]): string[] =>
  lanes.map(({ endpoint_id }) => endpoint_id);

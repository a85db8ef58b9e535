import type { Pool } from 'pg';
import { type Claimed, endpointOf, type Held, laneOf, OPEN, type Reached, type Taken } from './claimed.ts';
import { Gated } from './gated-claims.ts';

/** While a circuit is open there is nothing to claim until it is time for a probe. */
const WITH_DUE = `select e.id as endpoint_id, r.replayed
  from webhook_endpoints e
  cross join (values (false), (true)) as r(replayed)
  left join delivery_gates g on g.endpoint_id = e.id
  where e.active and (g.opened_at is null or (g.next_probe_at <= now() and (g.probing_until is null or g.probing_until < now())))
    and exists (select from deliveries d where d.endpoint_id = e.id and d.replayed = r.replayed and ${OPEN})`;

/**
 * A claim need not survive a crash of the database: without it the delivery is simply open again. So its commit does not wait
 * for the disk. An endpoint that a gate may hold is only named: it is for {@link Gated} to take its deliveries.
 *
 * Until the next vacuum the index still names, first of all, every delivery that is done. So each lane is gone through from where the
 * last claim came to.
 */
const CLAIM = `
  with unhurried as materialized (select set_config('synchronous_commit', 'off', true)),
  lane as materialized (
    select l.endpoint_id, l.replayed, l.free, l.seq, 'epoch'::timestamptz + l.due_us * interval '1 microsecond' as due_at,
      e.version, e.settings ->> 'rate_limit' is not null or g.opened_at is not null as gated
    from unnest($1::text[], $5::boolean[], $2::int[], $6::bigint[], $7::bigint[]) as l(endpoint_id, replayed, free, due_us, seq)
    join webhook_endpoints e on e.id = l.endpoint_id and e.active
    left join delivery_gates g on g.endpoint_id = l.endpoint_id
  ),
  taken as materialized (
    select d.id, d.day, lane.version
    from lane
    cross join lateral (
      select d.id, d.day from deliveries d
      where d.endpoint_id = lane.endpoint_id and d.replayed = lane.replayed and ${OPEN}
        and (d.due_at, d.seq) > (lane.due_at, lane.seq)
      order by d.due_at, d.seq
      limit lane.free
      for update skip locked
    ) d
    where not lane.gated
  ),
  claimed as (
    update deliveries d set claimed_by = $3, claimed_until = now() + $4 * interval '1 millisecond'
    from taken t, unhurried, outgoing_events o
    where d.id = t.id and d.day = t.day and o.event_id = d.event_id and o.day = t.day
    returning d.id, d.day, d.seq, d.endpoint_id, d.event_id, d.attempts, d.queue, d.replayed, t.version, o.body,
      (extract(epoch from d.due_at) * 1000000)::bigint as due_us
  )
  select * from claimed
  union all
  select null, null, null, endpoint_id, null, null, null, replayed, null, null, null from lane where gated`;

/**
 * Of an endpoint that has been switched off or deleted nothing is held any longer. What is locked is being written: to wait for it
 * would be to wait for each other, as results lock their deliveries in no order.
 */
const RENEW = `
  with ours as materialized (
    select d.id, d.day
    from unnest($1::text[], $4::int[]) as held(id, day)
    join deliveries d on d.id = held.id and d.day = held.day
    join webhook_endpoints e on e.id = d.endpoint_id and e.active
    -- worded so that no index of what is pending is taken for a short way
    where case d.status when 'pending' then d.claimed_by = $2 end
    for update of d skip locked
  )
  update deliveries d set claimed_until = now() + $3 * interval '1 millisecond'
  from ours where d.id = ours.id and d.day = ours.day
  returning d.id`;

const RELEASE = `update deliveries set claimed_by = null, claimed_until = null
  where (id, day) in (select * from unnest($1::text[], $3::int[])) and claimed_by = $2`;

type LaneName = Pick<Claimed, 'endpoint_id' | 'replayed'>;

/** Claims of one process on due deliveries: no two processes hold the same one, and a killed one's come free by themselves. */
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
    const { rows } = await this.pool.query<LaneName>({ name: 'lanes_with_due', text: WITH_DUE });
    return rows.map(({ endpoint_id, replayed }) => laneOf(endpoint_id, replayed));
  }

  /**
   * Takes up to so many of each lane's due deliveries, the longest due first, and no more than its gate lets through.
   * @param from behind which of its deliveries a lane is gone through
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
      name: 'claim_deliveries',
      text: CLAIM,
      values,
    });
    const claimed = rows.filter((row): row is Claimed => row.id !== null);
    const gated = rows.filter(({ id }) => id === null);
    const permitted = gated.length === 0 ? NONE : await this.#gated.take(gated, free);
    return { claimed: [...claimed, ...permitted.claimed].sort(bySeq), held: permitted.held };
  }

  /** @returns those that are still ours */
  async renew(held: readonly Held[]): Promise<Set<string>> {
    const { rows } = await this.pool.query<{ id: string }>({
      name: 'renew_claims',
      text: RENEW,
      values: [held.map(({ id }) => id), this.owner, this.lease, held.map(({ day }) => day)],
    });
    return new Set(rows.map(({ id }) => id));
  }

  async release(held: readonly Held[]): Promise<void> {
    if (held.length === 0) return;
    const values = [held.map(({ id }) => id), this.owner, held.map(({ day }) => day)];
    await this.pool.query({ name: 'release_claims', text: RELEASE, values });
  }
}

const NONE: Taken = { claimed: [], held: new Map() };
const bySeq = (a: Claimed, b: Claimed): number => Number(a.seq) - Number(b.seq);

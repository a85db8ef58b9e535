import type { Pool } from 'pg';
import { type Claimed, laneOf, OPEN, type Taken } from './claimed.ts';

/**
 * How far ahead of its slot a delivery is claimed, in milliseconds: far enough for a claim to be worth its trip, near enough for
 * what a killed process had been given to be of no account.
 */
const HORIZON_MS = 1_000;
/** A probe that has not come back by then is made again: longer than any attempt lasts. */
const PROBE_MS = 90_000;

const ENSURE = `insert into delivery_gates (endpoint_id) select unnest($1::text[]) on conflict do nothing`;

/**
 * Slots are given out one interval apart, each to one delivery of one process; an open circuit gives out one, for a probe. The
 * rows of the gates are locked in one order, so that claimers wait for each other and never for each other's neighbours.
 */
const TAKE = `
  with unhurried as materialized (select set_config('synchronous_commit', 'off', true)),
  locked as materialized (
    select g.* from delivery_gates g where g.endpoint_id = any($1) order by g.endpoint_id for update
  ),
  gate as materialized (
    select g.endpoint_id, g.opened_at, g.next_probe_at, g.probing_until, e.version, l.free,
      greatest(g.next_slot, now()) as slot,
      coalesce(
        1000 / (e.settings #>> '{rate_limit,per_second}')::float8,
        60000 / (e.settings #>> '{rate_limit,per_minute}')::float8,
        0
      ) as apart
    from locked g
    join unnest($1::text[], $2::int[]) as l(endpoint_id, free) on l.endpoint_id = g.endpoint_id
    join webhook_endpoints e on e.id = g.endpoint_id and e.active
  ),
  room as materialized (
    select *, least(
      case
        when opened_at is null then free
        when next_probe_at <= now() and (probing_until is null or probing_until < now()) then 1
        else 0
      end,
      case
        when apart = 0 then free
        else greatest(0, floor(($5 - extract(epoch from slot - now()) * 1000) / apart) + 1)
      end
    )::int as places
    from gate
  ),
  found as materialized (
    select d.id, d.day, d.due_at, d.seq, room.endpoint_id
    from room
    cross join lateral (
      select d.id, d.day, d.due_at, d.seq from deliveries d
      where d.endpoint_id = room.endpoint_id and d.replayed = $7 and ${OPEN}
      order by d.due_at, d.seq
      limit room.places
      for update skip locked
    ) d
  ),
  numbered as materialized (
    select id, day, endpoint_id, row_number() over (partition by endpoint_id order by due_at, seq) - 1 as n from found
  ),
  given as materialized (
    select room.*, coalesce(c.taken, 0) as taken
    from room
    left join (select endpoint_id, count(*) as taken from numbered group by 1) c on c.endpoint_id = room.endpoint_id
  ),
  passed as (
    update delivery_gates g set
      next_slot = given.slot + given.taken * given.apart * interval '1 millisecond',
      probing_until = case when given.opened_at is null then null else now() + $6 * interval '1 millisecond' end
    from given
    where g.endpoint_id = given.endpoint_id and given.taken > 0
  ),
  claimed as (
    update deliveries d set claimed_by = $3, claimed_until = now() + $4 * interval '1 millisecond'
    from numbered n, given, unhurried, outgoing_events o
    where d.id = n.id and d.day = n.day and given.endpoint_id = n.endpoint_id and o.event_id = d.event_id and o.day = n.day
    returning d.id, d.day, d.seq, d.endpoint_id, d.event_id, d.attempts, d.queue, d.replayed, given.version, o.body,
      extract(epoch from given.slot - now()) * 1000 + n.n * given.apart as wait, given.opened_at is not null as probe
  )
  select *, null::float8 as resume from claimed
  union all
  select null, null, null, endpoint_id, null, null, null, $7, null, null, null, null, case
      when opened_at is not null or places > taken then null
      else extract(epoch from slot - now()) * 1000 + taken * apart - $5
    end
  from given`;

interface Row extends Omit<Claimed, 'id' | 'permit'> {
  readonly id: string | null;
  readonly wait: number;
  readonly probe: boolean;
  readonly resume: number | null;
}

/** Claims on deliveries of endpoints that have a rate or an open circuit, across all instances. */
export class Gated {
  constructor(
    private readonly pool: Pool,
    private readonly owner: string,
    private readonly lease: number,
  ) {}

  /** Live deliveries first. What is replayed takes no slot in advance, so that what happens meanwhile need not wait for it. */
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
    await this.pool.query({ name: 'ensure_gates', text: ENSURE, values: [ids] });
    const places = ids.map((id) => free.get(laneOf(id, replayed)) ?? 0);
    const { rows } = await this.pool.query<Row>({
      name: 'claim_gated',
      text: TAKE,
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

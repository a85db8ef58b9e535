import type { Pool } from 'pg';
import type { KeptSecret } from '../endpoints/endpoint.table.ts';

/** A delivery that this process may send, until its lease ends. */
export interface Claimed {
  readonly id: string;
  readonly seq: string;
  readonly endpoint_id: string;
  readonly event_id: string;
  /** Attempts since it was queued. */
  readonly attempts: number;
  readonly queue: string | null;
  readonly url: string;
  readonly secrets: readonly KeptSecret[];
  readonly body: string;
}

const OPEN = `d.status = 'pending' and d.due_at <= now() and (d.claimed_until is null or d.claimed_until < now())`;

const WITH_DUE = `select e.id from webhook_endpoints e
  where e.active and exists (select from deliveries d where d.endpoint_id = e.id and ${OPEN})`;

/**
 * A claim need not survive a crash of the database: without it the delivery is simply open again. So its commit does not wait
 * for the disk.
 */
const CLAIM = `
  with unhurried as materialized (select set_config('synchronous_commit', 'off', true)),
  taken as materialized (
    select d.id
    from unnest($1::text[], $2::int[]) as lane(endpoint_id, free)
    join webhook_endpoints e on e.id = lane.endpoint_id and e.active
    cross join lateral (
      select d.id from deliveries d
      where d.endpoint_id = lane.endpoint_id and ${OPEN}
      order by d.due_at, d.seq
      limit lane.free
      for update skip locked
    ) d
  )
  update deliveries d set claimed_by = $3, claimed_until = now() + $4 * interval '1 millisecond'
  from taken t, unhurried, webhook_endpoints e, outgoing_events o
  where d.id = t.id and e.id = d.endpoint_id and o.event_id = d.event_id
  returning d.id, d.seq, d.endpoint_id, d.event_id, d.attempts, d.queue, e.url, e.secrets, o.body`;

/** Of an endpoint that has been switched off or deleted nothing is held any longer. */
const RENEW = `update deliveries d set claimed_until = now() + $3 * interval '1 millisecond'
  from webhook_endpoints e
  where d.id = any($1) and d.claimed_by = $2 and d.status = 'pending' and e.id = d.endpoint_id and e.active
  returning d.id`;

const RELEASE = `update deliveries set claimed_by = null, claimed_until = null where id = any($1) and claimed_by = $2`;

/** Claims of one process on due deliveries: no two processes hold the same one, and a killed one's come free by themselves. */
export class Claims {
  constructor(
    private readonly pool: Pool,
    /** UUID of this process. */
    readonly owner: string,
    /** Milliseconds. */
    private readonly lease: number,
  ) {}

  /** Active endpoints that have something to claim. */
  async endpointsWithDue(): Promise<string[]> {
    const { rows } = await this.pool.query<{ id: string }>({ name: 'endpoints_with_due', text: WITH_DUE });
    return rows.map(({ id }) => id);
  }

  /** Takes up to so many of each endpoint's due deliveries, the longest due first. */
  async take(free: ReadonlyMap<string, number>): Promise<Claimed[]> {
    const { rows } = await this.pool.query<Claimed>({
      name: 'claim_deliveries',
      text: CLAIM,
      values: [[...free.keys()], [...free.values()], this.owner, this.lease],
    });
    return rows.sort((a, b) => Number(a.seq) - Number(b.seq));
  }

  /** @returns those that are still ours */
  async renew(ids: readonly string[]): Promise<Set<string>> {
    const { rows } = await this.pool.query<{ id: string }>({
      name: 'renew_claims',
      text: RENEW,
      values: [ids, this.owner, this.lease],
    });
    return new Set(rows.map(({ id }) => id));
  }

  async release(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.pool.query({ name: 'release_claims', text: RELEASE, values: [ids, this.owner] });
  }
}

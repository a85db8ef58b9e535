import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { PoolClient } from 'pg';
import type { Aggregation } from '#domain/billing/price/price.terms';
import type { Subscription } from '#domain/billing/subscription/subscription';
import { arrayOf } from '#events/store/array';
import { arrived } from '#platform/events/arrival';

/** A feature of a license. */
export interface Used {
  readonly license_id: string;
  readonly feature: string;
}

/** The meter that usage of a feature of a license is reported to. */
export interface Meter extends Used {
  readonly subscription_id: string;
  readonly customer_id: string;
  readonly product_id: string;
  readonly meter_event_name: string;
  readonly aggregation: Aggregation;
  readonly subscription: Pick<Subscription, 'period' | 'billing_anchor' | 'interval'>;
}

type Row = Omit<Meter, 'meter_event_name' | 'aggregation'> & {
  readonly plan_id: string;
  readonly meter_event_name: string | null;
  readonly aggregation: Aggregation | null;
  /** The entitlement of the plan has arrived. */
  readonly known: boolean;
};

/** The aggregation is the price's; a plan whose price does not count the feature adds its usage up. */
const METERS = `select used.license_id, used.feature, s.id as subscription_id, s.customer_id, s.product_id, s.plan_id,
    jsonb_build_object('period', s.state->'period', 'billing_anchor', s.state->'billing_anchor',
      'interval', s.state->'interval') as subscription,
    e.id is not null as known, case when e.removed then null else e.stripe_meter_event_name end as meter_event_name,
    case when p.usage->>'feature' = used.feature then p.usage->>'aggregation' end as aggregation
  from unnest($1::text[], $2::text[]) as used(license_id, feature)
  join subscriptions as s on s.license_id = used.license_id
  left join plan_entitlements as e on e.id = s.plan_id || '/' || used.feature
  left join prices as p on p.id = s.price_id
  order by s.id`;

/** Features that plans do not have are looked for again after this time, in milliseconds: a license can have them from an add-on. */
const WITHOUT_MS = 600_000;

/** The meters of features. */
@Injectable()
export class Meters {
  /** `<plan_id>/<feature>` */
  readonly #without = new LRUCache<string, true>({ max: 10_000, ttl: WITHOUT_MS });

  /**
   * The meters of those features that have one. A license without a subscription has none. Usage and entitlements are different
   * streams, so an entitlement that is not known yet is waited for, for a second.
   */
  async of(used: readonly Used[], tx: PoolClient): Promise<readonly Meter[]> {
    let rows: readonly Row[] = [];
    await arrived(async () => {
      rows = await metersOf(used, tx);
      return rows.some((row) => !row.known && !this.#without.has(keyOf(row))) ? undefined : rows;
    });
    for (const row of rows) if (!row.known) this.#without.set(keyOf(row), true);
    return rows.flatMap(({ meter_event_name, aggregation, known: _known, plan_id: _plan, ...meter }) =>
      meter_event_name === null ? [] : [{ ...meter, meter_event_name, aggregation: aggregation ?? 'sum' }],
    );
  }
}

/** The last subscription of a license is the one that counts. */
const metersOf = async (used: readonly Used[], tx: PoolClient): Promise<readonly Row[]> => {
  const { rows } = await tx.query<Row>({
    name: 'meters',
    text: METERS,
    values: [arrayOf(used.map(({ license_id }) => license_id)), arrayOf(used.map(({ feature }) => feature))],
  });
  return [...new Map(rows.map((row) => [`${row.license_id}/${row.feature}`, row])).values()];
};

const keyOf = ({ plan_id, feature }: Pick<Row, 'plan_id' | 'feature'>): string => `${plan_id}/${feature}`;

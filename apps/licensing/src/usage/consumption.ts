import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { QuotaPeriod } from '#domain/licensing/entitlements/entitlement';
import { type Period, periodOf } from '#domain/licensing/usage/period';
import { quotaOf } from '#domain/licensing/usage/quota';
import { usageStream, usageStreamId, windowOf } from '#domain/licensing/usage/usage';
import type { EventStore } from '#events/store';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, EVENT_STORE } from '#platform/service';
import type { Granted } from '../entitlements/entitlements.ts';
import { type QuotaUse, quotaUse } from './usage.view.ts';

/** Each quota and its usage, by feature. */
export type Consumed = Readonly<Record<string, QuotaUse>>;

interface Counter {
  readonly feature: string;
  readonly period: QuotaPeriod;
  readonly period_start: Date;
  readonly used: string;
}

/** Usage by feature and period. */
type Counters = ReadonlyMap<string, bigint>;
const keyOf = (feature: string, period: QuotaPeriod, start: string): string => `${feature} ${period} ${start}`;

/**
 * Number of licenses whose counters are cached, and the cache time in milliseconds: the same as the delay that states in memory
 * may have.
 */
const REMEMBERED = 50_000;
const REMEMBERED_MS = 1_000;

const NOTHING: Consumed = {};

/** The quota usage of licenses, for display only. Decisions use the streams instead. */
@Injectable()
export class Consumption {
  readonly #counters = new LRUCache<string, Counters>({ max: REMEMBERED, ttl: REMEMBERED_MS });

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
  ) {}

  /**
   * Answers without waiting if everything is in memory; the values are then at most a second old. Returns undefined otherwise.
   */
  remembered(license_id: string, { quotas }: Granted, now: string): Consumed | undefined {
    if (quotas.length === 0) return NOTHING;
    const counters = this.#counters.get(license_id);
    return consumed(quotas, now, (feature, period) => {
      const loaded = this.store.peek(usageStream, usageStreamId(license_id, feature));
      return loaded === undefined
        ? counters && (counters.get(keyOf(feature, period.period, period.start)) ?? 0n)
        : windowOf(loaded.state, period).used;
    });
  }

  /** Reads the present values from the database. */
  async read(license_id: string, { quotas }: Granted, now: string): Promise<Consumed> {
    if (quotas.length === 0) return NOTHING;
    const counters = await this.#read(license_id, quotas, now);
    this.#counters.set(license_id, counters);
    const usedOf = (feature: string, { period, start }: Period): bigint =>
      counters.get(keyOf(feature, period, start)) ?? 0n;
    return consumed(quotas, now, usedOf) ?? NOTHING;
  }

  async #read(license_id: string, quotas: Granted['quotas'], now: string): Promise<Counters> {
    const windows = quotas.map(([feature, { quota_period }]) => {
      const { period, start } = periodOf(quota_period ?? 'monthly', now);
      return { feature, period, start };
    });
    // Not a prepared statement, for the same reason as in the snapshot.
    const { rows } = await this.database.pool.query<Counter>({
      text: `select feature, period, period_start, used
        from unnest($2::text[], $3::text[], $4::timestamptz[]) as w(feature, period, period_start)
        join usage_counters as c using (feature, period, period_start) where c.license_id = $1`,
      values: [
        license_id,
        windows.map(({ feature }) => feature),
        windows.map(({ period }) => period),
        windows.map(({ start }) => start),
      ],
    });
    return new Map(
      rows.map(({ feature, period, period_start, used }) => [
        keyOf(feature, period, period_start.toISOString()),
        BigInt(used),
      ]),
    );
  }
}

const consumed = (
  quotas: Granted['quotas'],
  now: string,
  usedOf: (feature: string, period: Period) => bigint | undefined,
): Consumed | undefined => {
  const all: Record<string, QuotaUse> = {};
  for (const [feature, entitlement] of quotas) {
    const quota = quotaOf(entitlement);
    if (quota === undefined) continue;
    const period = periodOf(quota.period, now);
    const used = usedOf(feature, period);
    if (used === undefined) return undefined;
    all[feature] = quotaUse(quota, period, used);
  }
  return all;
};

/** The granted entitlements; quotas also show their usage. */
export const withUse = (claims: Granted['claims'], use: Consumed): Readonly<Record<string, object>> =>
  use === NOTHING
    ? claims
    : Object.fromEntries(Object.entries(claims).map(([feature, claim]) => [feature, { ...claim, ...use[feature] }]));

import { Inject, Injectable } from '@nestjs/common';
import type { Period } from '#domain/billing/invoice/invoice.lines';
import type { Aggregation } from '#domain/billing/price/price.terms';
import { QUOTA_PERIODS, type QuotaPeriod } from '#domain/licensing/entitlements/entitlement';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';

/** How records become one value, as a decimal. No record = 0. */
const VALUES: Readonly<Record<Aggregation, string>> = {
  sum: 'coalesce(sum(quantity), 0)',
  count: 'count(*)',
  max: 'coalesce(max(quantity), 0)',
  unique: 'count(distinct coalesce(unique_key, version::text))',
  latest: 'coalesce((array_agg(quantity order by at desc, version desc))[1], 0)',
};

/** Recorded usage, as billing knows it. Times are those of the usage; ranges are [start, end). */
@Injectable()
export class UsageStore {
  constructor(@Inject(DATABASE) private readonly database: ServiceDatabase) {}

  /** The usage of a feature in each of the ranges, in their order, as decimals. */
  async values(
    license_id: string,
    feature: string,
    aggregation: Aggregation,
    ranges: readonly Period[],
  ): Promise<readonly string[]> {
    // Not a prepared statement: a plan that was made for few records would scan the table when there are many.
    const { rows } = await this.database.pool.query<{ value: string }>({
      text: `select used.value::text as value
        from unnest($3::timestamptz[], $4::timestamptz[]) with ordinality as range(start, stop, place)
        cross join lateral (
          select ${VALUES[aggregation]} as value from usage_records
          where license_id = $1 and feature = $2 and at >= range.start and at < range.stop
        ) as used order by place`,
      values: [license_id, feature, ranges.map(({ start }) => start), ranges.map(({ end }) => end)],
    });
    return rows.map(({ value }) => value);
  }

  /** The longest quota period that the feature was counted in for the license; undefined = it was never used. */
  async longestPeriod(license_id: string, feature: string): Promise<QuotaPeriod | undefined> {
    const { rows } = await this.database.pool.query<{ longest: number }>({
      name: 'usage_longest_period',
      text: 'select longest from usage_features where license_id = $1 and feature = $2',
      values: [license_id, feature],
    });
    return rows[0] && QUOTA_PERIODS[rows[0].longest];
  }
}

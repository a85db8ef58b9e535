import { Inject, Injectable } from '@nestjs/common';
import type { Period } from '#domain/billing/invoice/invoice.lines';
import type { Aggregation } from '#domain/billing/price/price.terms';
import { QUOTA_PERIODS, type QuotaPeriod } from '#domain/licensing/entitlements/entitlement';
import { Gatherer } from '#events/gatherer';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import type { UsageRecordRow } from './usage-record.table.ts';

/** The records that are meant. */
export interface UsageOf {
  readonly license_id: string;
  readonly feature: string;
  /** Only records of this product; undefined = all. */
  readonly product_id?: string | undefined;
}

export const GROUPS = ['hour', 'day', 'month'] as const;
/** A unit of the calendar in UTC. */
export type Group = (typeof GROUPS)[number];

/** The sort key of a record in lists. */
export type RecordKey = readonly [at: string, feature: string, version: number];

/** How records become one value, as a decimal. No record = 0. */
const VALUES: Readonly<Record<Aggregation, string>> = {
  sum: 'coalesce(sum(quantity), 0)',
  count: 'count(*)',
  max: 'coalesce(max(quantity), 0)',
  unique: 'count(distinct coalesce(unique_key, version::text))',
  latest: 'coalesce((array_agg(quantity order by at desc, version desc))[1], 0)',
};

const OF_USAGE = 'license_id = $1 and feature = $2 and ($3::text is null or product_id = $3)';

/**
 * Recorded usage, as billing knows it. Times are those of the usage; ranges are [start, end).
 *
 * Statements over records have no names: a plan that was made for few records would scan the table when there are many.
 */
@Injectable()
export class UsageStore {
  readonly #used = new Gatherer<true>((license_ids) => this.#haveUsed(license_ids));

  constructor(@Inject(DATABASE) private readonly database: ServiceDatabase) {}

  /** The value of each range, in their order, as decimals. */
  async values(of: UsageOf, aggregation: Aggregation, ranges: readonly Period[]): Promise<readonly string[]> {
    const { rows } = await this.database.pool.query<{ value: string }>({
      text: `select used.value::text as value
        from unnest($4::timestamptz[], $5::timestamptz[]) with ordinality as range(start, stop, place)
        cross join lateral (
          select ${VALUES[aggregation]} as value from usage_records
          where ${OF_USAGE} and at >= range.start and at < range.stop
        ) as used order by place`,
      values: [...valuesOf(of), ranges.map(({ start }) => start), ranges.map(({ end }) => end)],
    });
    return rows.map(({ value }) => value);
  }

  /** The value of each unit of the calendar in which there are records, by its start. */
  async groups(
    of: UsageOf,
    aggregation: Aggregation,
    { start, end }: Period,
    group: Group,
  ): Promise<ReadonlyMap<string, string>> {
    const { rows } = await this.database.pool.query<{ start: Date; value: string }>({
      text: `select date_trunc($6, at, 'UTC') as start, (${VALUES[aggregation]})::text as value from usage_records
        where ${OF_USAGE} and at >= $4 and at < $5 group by 1`,
      values: [...valuesOf(of), start, end, group],
    });
    return new Map(rows.map((row) => [row.start.toISOString(), row.value]));
  }

  /** Records, newest first, before a key. A license has few features, so each is read by the index. */
  async list(
    { license_id, feature, product_id }: Omit<UsageOf, 'feature'> & Partial<Pick<UsageOf, 'feature'>>,
    { start, end }: Partial<Period>,
    [at, last_feature, version]: RecordKey | readonly [],
    limit: number,
  ): Promise<readonly UsageRecordRow[]> {
    const { rows } = await this.database.pool.query<UsageRecordRow>({
      text: `select record.* from usage_features as used cross join lateral (
          select * from usage_records as r
          where r.license_id = used.license_id and r.feature = used.feature and ($3::text is null or product_id = $3)
            and at >= coalesce($4, '-infinity'::timestamptz) and at < coalesce($5, 'infinity'::timestamptz)
            and ($6::timestamptz is null or (at <= $6 and (at, r.feature, version) < ($6, $7::text, $8::int)))
          order by at desc, version desc limit $9
        ) as record
        where used.license_id = $1 and ($2::text is null or used.feature = $2)
        order by at desc, record.feature desc, version desc limit $9`,
      values: [license_id, feature ?? null, product_id ?? null, start, end, at, last_feature, version, limit],
    });
    return rows;
  }

  /** Whether a license has ever used a feature that is counted. Licenses that are asked for at the same time share a query. */
  async hasUsed(license_id: string): Promise<boolean> {
    return (await this.#used.get(license_id)) ?? false;
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

  async #haveUsed(license_ids: readonly string[]): Promise<ReadonlyMap<string, true>> {
    const { rows } = await this.database.pool.query<{ license_id: string }>({
      name: 'usage_have_used',
      text: `select id as license_id from unnest($1::text[]) as id
        where exists (select from usage_features where license_id = id)`,
      values: [license_ids],
    });
    return new Map(rows.map(({ license_id }) => [license_id, true]));
  }
}

const valuesOf = ({ license_id, feature, product_id = undefined }: UsageOf): (string | null)[] => [
  license_id,
  feature,
  product_id ?? null,
];

import { KEPT_WINDOWS, usageStream, type Window } from '#domain/licensing/usage/usage';
import type { Snapshot } from '#events/store';
import type { UsageCounterRow } from './usage.tables.ts';

interface Row extends Pick<UsageCounterRow, 'period' | 'period_start' | 'period_end' | 'used' | 'version'> {
  /** null: no notice was sent since the last reset. */
  readonly warned_limit: string | null;
  readonly exceeded_limit: string | null;
  readonly stream_id: string;
}

/** Loads the windows of a stream with one SELECT, so that a stream of millions of records is never folded. */
export const usageSnapshot: Snapshot = {
  stream: usageStream,
  load: async (streamIds, pool) => {
    const parts = streamIds.map((id) => id.split('/'));
    // Not a prepared statement: a query plan made for few counters would scan the table when there are many.
    const { rows } = await pool.query<Row>({
      text: `select s.stream_id, c.*
        from unnest($1::text[], $2::text[], $3::text[]) as s(stream_id, license_id, feature)
        cross join lateral (
          select period, period_start, period_end, used,
            case when warned_in > reset_in then warned_limit end as warned_limit,
            case when exceeded_in > reset_in then exceeded_limit end as exceeded_limit,
            max(version) over () as version
          from usage_counters where license_id = s.license_id and feature = s.feature
          order by period_end desc nulls first, period_start desc limit ${KEPT_WINDOWS}
        ) c`,
      values: [streamIds, parts.map(([license_id]) => license_id), parts.map(([, , feature]) => feature)],
    });
    return new Map(
      [...Map.groupBy(rows, ({ stream_id }) => stream_id)].map(([id, own]) => [
        id,
        // The latest window is last, because the lookup starts at the end.
        { state: { windows: own.map(windowOf).reverse() }, version: own[0]?.version ?? 0 },
      ]),
    );
  },
};

const windowOf = ({ period, period_start, period_end, used, warned_limit, exceeded_limit }: Row): Window => ({
  period,
  start: period_start.toISOString(),
  end: period_end?.toISOString() ?? null,
  used: BigInt(used),
  warned_limit: limitOf(warned_limit),
  exceeded_limit: limitOf(exceeded_limit),
});

/** The driver returns a bigint as text. Limits are at most 2^53−1. */
const limitOf = (text: string | null): number | null => (text === null ? null : Number(text));

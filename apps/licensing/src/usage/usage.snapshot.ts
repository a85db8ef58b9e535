import type { QuotaPeriod } from '#domain/licensing/entitlements/entitlement';
import { KEPT_WINDOWS, usageStream, type Window } from '#domain/licensing/usage/usage';
import type { Snapshot } from '#events/store';

interface Row {
  readonly period: QuotaPeriod;
  readonly period_start: Date;
  readonly period_end: Date | null;
  readonly used: string;
  readonly warned: boolean;
  readonly exceeded: boolean;
  readonly version: number;
  readonly stream_id: string;
}

/** The windows that a stream's state would hold, so that streams of millions of records are loaded by one SELECT. */
export const usageSnapshot: Snapshot = {
  stream: usageStream,
  load: async (streamIds, pool) => {
    const parts = streamIds.map((id) => id.split('/'));
    // Not prepared: a plan that was made while there were few counters would look through all of them when there are many.
    const { rows } = await pool.query<Row>({
      text: `select s.stream_id, c.*
        from unnest($1::text[], $2::text[], $3::text[]) as s(stream_id, license_id, feature)
        cross join lateral (
          select period, period_start, period_end, used, warned_in > reset_in as warned, exceeded_in > reset_in as exceeded,
            max(version) over () as version
          from usage_counters where license_id = s.license_id and feature = s.feature
          order by period_end desc nulls first, period_start desc limit ${KEPT_WINDOWS}
        ) c`,
      values: [streamIds, parts.map(([license_id]) => license_id), parts.map(([, , feature]) => feature)],
    });
    return new Map(
      [...Map.groupBy(rows, ({ stream_id }) => stream_id)].map(([id, own]) => [
        id,
        // The latest is looked for first, from the end.
        { state: { windows: own.map(windowOf).reverse() }, version: own[0]?.version ?? 0 },
      ]),
    );
  },
};

const windowOf = ({ period, period_start, period_end, used, warned, exceeded }: Row): Window => ({
  period,
  start: period_start.toISOString(),
  end: period_end?.toISOString() ?? null,
  used: BigInt(used),
  warned,
  exceeded,
});

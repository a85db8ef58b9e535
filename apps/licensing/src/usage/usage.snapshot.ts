import type { QuotaPeriod } from '#domain/entitlements/entitlement';
import { KEPT_WINDOWS, usageStateOf, usageStream, type Window } from '#domain/usage/usage';
import type { Snapshot } from '#events';

interface Row {
  readonly period: QuotaPeriod;
  readonly period_start: Date;
  readonly period_end: Date | null;
  readonly used: string;
  readonly warned: boolean;
  readonly exceeded: boolean;
  readonly version: number;
}

/** The windows that a stream's state would hold, so that a stream of millions of records is loaded by one SELECT. */
export const usageSnapshot: Snapshot = {
  stream: usageStream,
  load: async (streamId, pool) => {
    const [license_id, , feature] = streamId.split('/');
    // Not prepared: a plan that was made while there were few counters would look through all of them when there are many.
    const { rows } = await pool.query<Row>({
      text: `select period, period_start, period_end, used, warned_in > reset_in as warned, exceeded_in > reset_in as exceeded,
          max(version) over () as version
        from usage_counters where license_id = $1 and feature = $2
        order by period_end desc nulls first, period_start desc limit ${KEPT_WINDOWS}`,
      values: [license_id, feature],
    });
    const [first] = rows;
    return first && { state: usageStateOf(rows.map(windowOf)), version: first.version };
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

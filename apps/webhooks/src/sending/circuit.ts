import type { DeliveryStatus } from '../deliveries/delivery.table.ts';
import type { Claimed } from './claimed.ts';

/** The part of a result that circuits depend on. */
interface Counted {
  readonly delivery: Pick<Claimed, 'endpoint_id' | 'permit'>;
  readonly status: DeliveryStatus;
}

/** One endpoint's failures and successes in a group of results. */
export interface Streak {
  readonly endpoint_id: string;
  /** Failed attempts since the last success in the group. */
  readonly failures: number;
  readonly succeeded: boolean;
  /** A probe of an open circuit failed. */
  readonly probe_failed: boolean;
}

/** Sorted by endpoint id: all instances lock gates in this order. */
export const streaksOf = (results: readonly Counted[]): Streak[] => {
  const streaks = new Map<string, Streak>();
  for (const { delivery, status } of results) {
    const { endpoint_id, permit } = delivery;
    const { failures = 0, succeeded = false, probe_failed = false } = streaks.get(endpoint_id) ?? {};
    streaks.set(
      endpoint_id,
      status === 'succeeded'
        ? { endpoint_id, failures: 0, succeeded: true, probe_failed: false }
        : { endpoint_id, failures: failures + 1, succeeded, probe_failed: probe_failed || permit?.probe === true },
    );
  }
  return [...streaks.values()].sort((a, b) => (a.endpoint_id < b.endpoint_id ? -1 : 1));
};

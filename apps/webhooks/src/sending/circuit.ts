import type { DeliveryStatus } from '../deliveries/delivery.table.ts';
import type { Claimed } from './claimed.ts';

/** What of a result a circuit goes by. */
interface Outcome {
  readonly delivery: Pick<Claimed, 'endpoint_id' | 'permit'>;
  readonly status: DeliveryStatus;
}

/** What a group of results says of one endpoint. */
export interface Streak {
  readonly endpoint_id: string;
  /** Attempts that failed after the last that did not, if any did not. */
  readonly failures: number;
  readonly succeeded: boolean;
  /** A probe of an open circuit was among those that failed. */
  readonly probe_failed: boolean;
}

/** In the order of their ids, in which all instances lock them. */
export const streaksOf = (results: readonly Outcome[]): Streak[] => {
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

import type { DeliveryStatus } from '../deliveries/delivery.table.ts';
import { type Attempt, succeeded } from './attempt.ts';
import type { Claimed } from './claimed.ts';
import { pauseAfter } from './retry.ts';
import type { Target } from './target.ts';

export interface Verdict {
  readonly status: DeliveryStatus;
  /** Milliseconds until the next attempt, when there is to be one. */
  readonly pause: number | undefined;
}

/** Whether the endpoint said that it wants no more. */
export const isGone = ({ response_status }: Attempt): boolean => response_status === 410;

/** What becomes of a delivery by an attempt at it. */
export const verdictOn = ({ attempts }: Claimed, { ladder }: Target, jitter: number, made: Attempt): Verdict => {
  if (succeeded(made)) return { status: 'succeeded', pause: undefined };
  if (isGone(made)) return { status: 'failed', pause: undefined };
  const pause = pauseAfter(attempts + 1, made.retry_after, { ladder, jitter });
  return { status: pause === undefined ? 'failed' : 'pending', pause };
};

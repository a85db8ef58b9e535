import type { DeliveryStatus } from '../deliveries/delivery.table.ts';
import { type Attempt, succeeded } from './attempt.ts';
import type { Claimed } from './claimed.ts';
import { pauseAfter } from './retry.ts';
import type { Target } from './target.ts';

export interface Outcome {
  readonly status: DeliveryStatus;
  /** Milliseconds until the next attempt; undefined = there is none. */
  readonly pause: number | undefined;
}

/** Whether the endpoint said that it wants no more deliveries. */
export const isGone = ({ response_status }: Attempt): boolean => response_status === 410;

/** What an attempt means for its delivery: 2xx has succeeded, 410 and the end of the retry schedule have failed, the rest is tried again. */
export const outcomeOf = ({ attempts }: Claimed, { ladder }: Target, jitter: number, made: Attempt): Outcome => {
  if (succeeded(made)) return { status: 'succeeded', pause: undefined };
  if (isGone(made)) return { status: 'failed', pause: undefined };
  const pause = pauseAfter(attempts + 1, made.retry_after, { ladder, jitter });
  return { status: pause === undefined ? 'failed' : 'pending', pause };
};

import { Histogram, type Registry } from 'prom-client';
import type { DeliveryStatus } from '../deliveries/delivery.table.ts';
import type { Attempt } from './attempt.ts';

/** Label of an attempt, by the status of its delivery afterwards. */
const OUTCOMES: Readonly<Record<DeliveryStatus, string>> = {
  succeeded: 'succeeded',
  pending: 'retrying',
  failed: 'failed',
};

/** Counts attempts and their duration in `/metrics`. There is no label for the endpoint, as there may be thousands. */
export const countAttempts = (registry: Registry): ((attempt: Attempt, status: DeliveryStatus) => void) => {
  const attempts = new Histogram({
    name: 'keyledger_webhook_attempt_duration_seconds',
    help: 'Attempts to deliver an event to a webhook, by outcome.',
    labelNames: ['outcome'],
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30],
    registers: [registry],
  });
  for (const outcome of Object.values(OUTCOMES)) attempts.zero({ outcome });
  return ({ duration_ms }, status) => attempts.observe({ outcome: OUTCOMES[status] }, duration_ms / 1000);
};

import { Histogram, type Registry } from 'prom-client';
import type { DeliveryStatus } from '../deliveries/delivery.table.ts';
import type { Attempt } from './attempt.ts';

/** What became of the delivery: it arrived, is to be tried again, or has been given up. */
const OUTCOMES: Readonly<Record<DeliveryStatus, string>> = {
  succeeded: 'succeeded',
  pending: 'retrying',
  failed: 'failed',
};

/** Counts attempts and their time in `/metrics`. No label names an endpoint: there may be thousands. */
export const countAttempts = (registry: Registry): ((attempt: Attempt, status: DeliveryStatus) => void) => {
  const attempts = new Histogram({
    name: 'keyledger_webhook_attempt_duration_seconds',
    help: 'Attempts to deliver an event to a webhook, by what became of the delivery.',
    labelNames: ['outcome'],
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30],
    registers: [registry],
  });
  for (const outcome of Object.values(OUTCOMES)) attempts.zero({ outcome });
  return ({ duration_ms }, status) => attempts.observe({ outcome: OUTCOMES[status] }, duration_ms / 1000);
};

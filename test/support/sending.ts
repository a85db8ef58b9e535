import type { Attempt } from '../../apps/webhooks/src/sending/attempt.ts';
import type { Claimed } from '../../apps/webhooks/src/sending/claimed.ts';

/** An attempt that the endpoint answered as it should. */
export const answered = (): Attempt => ({
  at: new Date(),
  duration_ms: 1,
  response_status: 204,
  response_body: '',
  error: null,
  error_detail: null,
  retry_after: undefined,
});

/** A delivery to the endpoint whk_1 as it is claimed. */
export const claimedDelivery = (n: number): Claimed => ({
  id: `dlv_${n}`,
  day: 0,
  seq: String(n),
  endpoint_id: 'whk_1',
  event_id: `evt_${n}`,
  attempts: 0,
  queue: null,
  replayed: false,
  version: 1,
  body: '{}',
});

import type { Attempt } from '../../apps/webhooks/src/sending/attempt.ts';
import type { Claimed } from '../../apps/webhooks/src/sending/claimed.ts';
import { defaultSettings } from '../../apps/webhooks/src/sending/settings.ts';
import { type Target, targetOf } from '../../apps/webhooks/src/sending/target.ts';

/** An attempt that the endpoint answered with 204. */
export const answered = (): Attempt => ({
  at: new Date(),
  duration_ms: 1,
  response_status: 204,
  response_body: '',
  error: null,
  error_detail: null,
  retry_after: undefined,
});

/** A claimed delivery to the endpoint whk_1. */
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

/** The endpoint whk_1, without a secret. */
export const sendingTarget = (url = 'http://127.0.0.1:9/'): Target =>
  targetOf(
    { id: 'whk_1', version: 1, product_id: null, url, secrets: [], settings: {} },
    { open: () => Buffer.alloc(0) },
    defaultSettings,
  );

import type { Pool } from 'pg';
import { decide } from '#domain/webhooks/webhook-endpoint/webhook-endpoint.commands';
import { webhookEndpointStream } from '#domain/webhooks/webhook-endpoint/webhook-endpoint';
import type { EventStore } from '#events/store';

/** How long all attempts of a webhook must have failed, in days: longer than the retry schedule of one delivery. */
const DEAD_AFTER_DAYS = 5;

const DEAD = `
  select g.endpoint_id, g.failing_since
  from delivery_gates g join webhook_endpoints e on e.id = g.endpoint_id and e.active
  where g.failures > 0 and g.failed_at - g.failing_since >= interval '${DEAD_AFTER_DAYS} days'`;

/**
 * Switches off webhooks whose attempts have all failed for days. A webhook that failed long ago and has had no attempt since is not switched
 * off. Pending deliveries stay pending, and go out when the webhook is switched on again.
 */
export const disableFailing = async (pool: Pool, store: EventStore): Promise<void> => {
  const { rows } = await pool.query<{ endpoint_id: string; failing_since: Date }>({
    name: 'failing_webhooks',
    text: DEAD,
  });
  for (const { endpoint_id, failing_since } of rows) {
    const command = {
      type: 'DisableWebhookEndpoint',
      reason: 'failing',
      failing_since: failing_since.toISOString(),
    } as const;
    await store.handle(webhookEndpointStream, endpoint_id, (state) => decide(command, state), {
      metadata: { actor: { type: 'system', id: 'webhooks' }, correlation_id: endpoint_id },
    });
  }
};

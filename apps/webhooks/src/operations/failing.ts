import type { Pool } from 'pg';
import { decide } from '#domain/webhooks/webhook-endpoint/webhook-endpoint.commands';
import { webhookEndpointStream } from '#domain/webhooks/webhook-endpoint/webhook-endpoint';
import type { EventStore } from '#events/store';

/** For how long nothing but failures must have come of a webhook, in days: longer than the ladder of one delivery. */
const DEAD_AFTER_DAYS = 5;

const DEAD = `
  select g.endpoint_id, g.failing_since
  from delivery_gates g join webhook_endpoints e on e.id = g.endpoint_id and e.active
  where g.failures > 0 and g.failed_at - g.failing_since >= interval '${DEAD_AFTER_DAYS} days'`;

/**
 * Switches off webhooks of which attempt after attempt has failed for days, none arriving in between. One that failed long ago and
 * has not been tried since is not among them. What is pending stays so, and goes out when it is switched on.
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

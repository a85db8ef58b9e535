import type { PoolClient } from 'pg';
import { newId } from '#domain/shared/id';
import { TODAY } from '../history/days.ts';
import { DUE_CHANNEL, QUEUE_LOCK } from './delivery.table.ts';

/** Type of the event that is sent to one webhook on request. */
const TYPE = 'webhook.test';

const QUEUE = `
  with stored as (
    insert into outgoing_events (day, event_id, type, body, only_for) values (${TODAY}, $3, $4, $5, $2)
    returning position, day
  ),
  queued as (
    insert into deliveries (id, day, seq, endpoint_id, event_id, event_type, subject, status, due_at)
    select $1, day, position, $2, $3, $4, $2, 'pending', now() from stored
  )
  select pg_notify('${DUE_CHANNEL}', $2)`;

/**
 * Queues a test event. It ignores the ordering and the filter of the webhook.
 * @returns the delivery's id
 */
export const queueTestEvent = async (endpointId: string, now: Date, tx: PoolClient): Promise<string> => {
  const [id, event_id] = [newId('dlv'), newId('evt')];
  const event = {
    specversion: '1.0',
    id: event_id,
    source: 'keyledger/webhooks',
    type: TYPE,
    subject: endpointId,
    time: now.toISOString(),
    datacontenttype: 'application/json',
    dataschema: `urn:keyledger:event:${TYPE}:1`,
    data: { webhook_id: endpointId },
  };
  // Positions ascend in the order of commits.
  await tx.query(`select pg_advisory_xact_lock(${QUEUE_LOCK})`);
  await tx.query({
    name: 'queue_test_event',
    text: QUEUE,
    values: [id, endpointId, event_id, TYPE, JSON.stringify(event)],
  });
  return id;
};

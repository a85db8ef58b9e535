import type pg from 'pg';
import { fanOut } from '#apps/webhooks/src/deliveries/fan-out';
import { newId } from '#domain/shared/id';
import type { PublishedEvent } from '#events/event';
import { inTransaction } from '#events/subscription/transaction';

const AT_ONCE = 1_000;

/** Takes in this many events together, so that only delivering remains to be done. @param pool of the schema `webhooks` */
export const takeIn = (pool: pg.Pool, events: number): Promise<void> =>
  inTransaction(pool, async (tx) => {
    for (let n = 0; n < events;) n += await fanOut(Array.from({ length: Math.min(AT_ONCE, events - n) }, anEvent), tx);
  });

const anEvent = (): PublishedEvent => ({
  specversion: '1.0',
  id: newId('evt'),
  source: 'keyledger/licensing',
  type: 'license.created',
  subject: newId('lic'),
  time: new Date().toISOString(),
  datacontenttype: 'application/json',
  dataschema: 'urn:keyledger:event:license.created:1',
  streamversion: 1,
  position: 1,
  correlationid: 'bench',
  actortype: 'system',
  actorid: 'bench',
  data: { product_id: newId('prod'), note: 'x'.repeat(100) },
});

import type { Pool } from 'pg';
import { inTransaction } from '#events/subscription/transaction';
import { arrangeQueues, lockQueues, type Queue } from '../deliveries/queues.ts';
import { PARTITION_DAYS, TODAY } from './days.ts';

/** How many days ahead partitions are made: the longest time that a running service can be blocked. */
const AHEAD_DAYS = 2 * PARTITION_DAYS;
const AT_ONCE = 1_000;

/** Skips deliveries that are being sent; a later run finds them again. */
const GIVE_UP = `
  update deliveries d
  set status = 'failed', due_at = null, settled_at = now(), announced = d.event_type like 'webhook.%',
    claimed_by = null, claimed_until = null
  from (
    select id, day from deliveries
    where status = 'pending' and day < ${TODAY} - $1::int and (claimed_until is null or claimed_until < now())
    limit ${AT_ONCE}
  ) old
  where d.id = old.id and d.day = old.day
  returning d.endpoint_id, d.queue`;

/** Makes the partitions for the coming days. Existing partitions are not changed. */
export const makeHistory = async (pool: Pool): Promise<void> => {
  await pool.query(`select make_history(${TODAY}, ${TODAY} + $1::int)`, [AHEAD_DAYS]);
};

/** Fails pending deliveries of events older than the retention. @returns how many */
export const giveUpOld = async (pool: Pool, retentionDays: number): Promise<number> => {
  let total = 0;
  for (;;) {
    const given = await inTransaction(pool, async (tx) => {
      await lockQueues(tx);
      const { rows } = await tx.query<Queue>(GIVE_UP, [retentionDays]);
      await arrangeQueues(rows, tx);
      return rows.length;
    });
    total += given;
    if (given < AT_ONCE) return total;
  }
};

/** Statistics have one row an hour. They are kept for a year and a month, so that a month can be compared with the year before. */
export const dropStatistics = async (pool: Pool): Promise<void> => {
  await pool.query(`delete from delivery_statistics where hour < now() - interval '13 months'`);
};

/**
 * Removes the gates of deleted webhooks. This does not happen at the deletion, as an attempt that is under way then may still fail and write
 * to the gate.
 */
export const dropGates = async (pool: Pool): Promise<void> => {
  await pool.query(
    `delete from delivery_gates g where not exists (select from webhook_endpoints e where e.id = g.endpoint_id)`,
  );
};

/** Drops weeks older than the retention, except weeks with pending or unannounced deliveries. @returns how many */
export const dropHistory = async (pool: Pool, retentionDays: number): Promise<number> => {
  const { rows } = await pool.query<{ weeks: number }>(`select drop_history(${TODAY} - $1::int) as weeks`, [
    retentionDays,
  ]);
  return rows[0]?.weeks ?? 0;
};

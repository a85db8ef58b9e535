import type { Pool } from 'pg';
import { inTransaction } from '#events/subscription/transaction';
import { arrangeQueues, lockQueues, type Queue } from '../deliveries/queues.ts';
import { PARTITION_DAYS, TODAY } from './history.table.ts';

/** How far ahead of their time partitions are made, in days: a service may stand still for as long as that. */
const AHEAD_DAYS = 2 * PARTITION_DAYS;
const AT_ONCE = 1_000;

/** What is being sent at this moment is left to whoever sends it, and looked at again. */
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

/** Makes the partitions of the time to come. One that is there already stays as it is. */
export const makeHistory = async (pool: Pool): Promise<void> => {
  await pool.query(`select make_history(${TODAY}, ${TODAY} + $1::int)`, [AHEAD_DAYS]);
};

/** Gives up deliveries of events that are older than is kept. @returns how many */
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

/** Statistics are a row an hour, and are kept for a year and a month, so that one year can be held against another. */
export const dropStatistics = async (pool: Pool): Promise<void> => {
  await pool.query(`delete from delivery_statistics where hour < now() - interval '13 months'`);
};

/**
 * Removes what held webhooks back that have been deleted. Not at the deletion: an attempt that is under way then may still fail, and
 * write that down.
 */
export const dropGates = async (pool: Pool): Promise<void> => {
  await pool.query(
    `delete from delivery_gates g where not exists (select from webhook_endpoints e where e.id = g.endpoint_id)`,
  );
};

/** Drops what is older than is kept, whole weeks at a time, but nothing of which something is still to be told. @returns how many */
export const dropHistory = async (pool: Pool, retentionDays: number): Promise<number> => {
  const { rows } = await pool.query<{ weeks: number }>(`select drop_history(${TODAY} - $1::int) as weeks`, [
    retentionDays,
  ]);
  return rows[0]?.weeks ?? 0;
};

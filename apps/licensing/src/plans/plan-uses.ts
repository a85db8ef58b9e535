import type { Pool, PoolClient } from 'pg';
import type { PlanUses } from '#domain/licensing/plan/plan';

/** Ids of each kind that are named. */
const NAMED = 10;

const USES = `select
    array(select id from licenses where plan_id = $1 order by id limit ${NAMED}) as licenses,
    array(select id from key_batches where plan_id = $1 and status = 'active' order by id limit ${NAMED}) as key_batches,
    array(select id from plan_sales where plan_id = $1 and live and kind = 'price' order by id limit ${NAMED}) as prices,
    array(select id from plan_sales where plan_id = $1 and live and kind = 'subscription' order by id limit ${NAMED})
      as subscriptions`;

/** What refers to a plan. In a flush that includes what the flush has projected before. */
export const usesOfPlan = async (plan_id: string, database: Pool | PoolClient): Promise<PlanUses> => {
  const { rows } = await database.query<PlanUses>({ name: 'plan_uses', text: USES, values: [plan_id] });
  return rows[0] ?? { licenses: [], key_batches: [], prices: [], subscriptions: [] };
};

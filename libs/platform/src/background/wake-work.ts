import type { ClientBase, Pool } from 'pg';

/** Channel on which a service's work is woken. The payload is the name of the work, or empty for all of them. */
export const workChannel = (service: string): string => `keyledger_work_${service}`;

/** Lets a service's work look at once, as soon as the transaction commits. */
export const wakeWork = async (db: Pool | ClientBase, service: string, work: string): Promise<void> => {
  await db.query('select pg_notify($1, $2)', [workChannel(service), work]);
};

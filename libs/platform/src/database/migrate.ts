import { lockKey } from '#events/leader';
import { migrateEventStore } from '#events/store/schema';
import { migrateSubscriptions } from '#events/subscription/schema';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { migrateTestClock } from '../clock/test-clock.table.ts';
import { migrateKeyRing } from '../crypto/key-ring.table.ts';
import { migrateIdempotency } from '../http/idempotency.ts';

/**
 * Migrates a schema to the current version, and creates it if it is missing. One process at a time, because TypeORM's own
 * migrations race otherwise.
 */
export const migrate = async (pool: pg.Pool, schema: string, orm: DataSource): Promise<void> => {
  const client = await pool.connect();
  const lock = lockKey(`keyledger:migrate:${schema}`);
  try {
    await client.query('select pg_advisory_lock($1)', [lock]);
    const { rows } = await client.query<{ there: boolean }>('select to_regnamespace($1) is not null as there', [
      schema,
    ]);
    if (!rows[0]?.there) await client.query(`create schema ${pg.escapeIdentifier(schema)}`);
    await migrateEventStore(client, schema);
    await migrateSubscriptions(client, schema);
    await migrateIdempotency(client, schema);
    await migrateKeyRing(client, schema);
    await migrateTestClock(client, schema);
    await orm.initialize();
    await orm.runMigrations();
  } finally {
    // The lock ends with the connection, which may have been lost meanwhile.
    client.release(true);
  }
};

/**
 * Privileges of a service's role in a schema that another role owns: it can read and write rows, and add events. It can
 * neither change nor remove an event, even without the trigger, and it cannot change the trigger.
 */
export const grantUse = async (owner: pg.Pool, schema: string, role: string): Promise<void> => {
  const s = pg.escapeIdentifier(schema);
  const to = pg.escapeIdentifier(role);
  // One string is one transaction, so there is no moment at which events can be changed.
  await owner.query(`
    grant usage on schema ${s} to ${to};
    grant select, insert, update, delete on all tables in schema ${s} to ${to};
    grant usage on all sequences in schema ${s} to ${to};
    revoke update, delete, truncate on ${s}.events from ${to};
  `);
};

import { type ClientBase, escapeIdentifier } from 'pg';

/**
 * Position of the test clock, in each service's schema. A move is a request to catch up, with a number that rises: instances note the
 * last request that they know, and background work the last one at whose time it found nothing due.
 */
export const migrateTestClock = async (client: ClientBase, schema: string): Promise<void> => {
  const s = escapeIdentifier(schema);
  await client.query(`
    create table if not exists ${s}.test_clock (
      only_row boolean primary key default true check (only_row),
      now timestamptz not null,
      request bigint not null
    );
    create table if not exists ${s}.test_clock_instances (
      instance uuid primary key,
      request bigint not null,
      seen_at timestamptz not null
    );
    create table if not exists ${s}.test_clock_work (
      work text primary key,
      request bigint not null
    );
  `);
};

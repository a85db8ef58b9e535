import type { ClientBase } from 'pg';
import { escapeIdentifier } from 'pg';

/**
 * The keys that a service seals and hashes with, wrapped under the master key. They outlive it: when the master key rotates,
 * they are wrapped again, and values that are sealed in events, which never change, can still be opened.
 */
export const migrateKeyRing = async (client: ClientBase, schema: string): Promise<void> => {
  await client.query(`
    create table if not exists ${escapeIdentifier(schema)}.root_keys (
      kid        text primary key,
      wrapped    text not null,
      -- the master key that was there when it was made
      made_under text not null,
      created_at timestamptz not null default now(),
      -- seals from this time on, until a later one does; null = never
      seals_from timestamptz,
      -- keyed hashes are made with it; there is one, and it is never another
      hashes     boolean not null default false
    );
    create unique index if not exists root_keys_hashes on ${escapeIdentifier(schema)}.root_keys (hashes) where hashes;
  `);
};

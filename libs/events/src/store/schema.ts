import type { ClientBase } from 'pg';
import { escapeIdentifier } from 'pg';
import { lockKey } from '../leader.ts';

/** The advisory lock that every append to this schema's log holds from its first statement to its commit. */
export const orderingLock = (schema: string): string => lockKey(`keyledger:append:${schema}`);

/** NOTIFY channel that says the log has grown; `growthIn` reads its payload. */
export const eventsChannel = (schema: string): string => `events_${schema}`;

/** The rest of the payload, after the highest new position: the writing process, and the event types. */
export const growthBy = (origin: string, types: Iterable<string>): string => `${origin} ${[...types].join(',')}`;

/** @returns the writing process, and the event types; undefined = any type */
export const growthIn = (payload: string): { readonly origin?: string; readonly types?: readonly string[] } => {
  const [, origin, types] = payload.split(' ');
  return { ...(origin && { origin }), ...(types && { types: types.split(',') }) };
};

/** NOTIFY channel that says a person was forgotten; the payload is the person's id. */
export const forgetChannel = (schema: string): string => `forget_${schema}`;

/**
 * Creates the log of a service in its existing schema. Idempotent; call it under a lock.
 * Identity values are assigned before commit, so without the ordering lock a reader of `position > last` would miss events of
 * slower transactions. The trigger takes the lock for inserts that bypass `PostgresEventStore`.
 */
export const migrateEventStore = async (client: ClientBase, schema: string): Promise<void> => {
  const s = escapeIdentifier(schema);
  await client.query(`
    create table if not exists ${s}.events (
      position       bigint generated always as identity primary key,
      id             text not null unique,
      stream_id      text not null,
      version        integer not null check (version > 0),
      type           text not null,
      schema_version integer not null default 1,
      data           jsonb not null,
      metadata       jsonb not null,
      recorded_at    timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
      constraint events_stream_version unique (stream_id, version)
    );
    create table if not exists ${s}.commands (
      command_id  text constraint commands_once primary key,
      fingerprint text not null,
      result      bytea not null,
      expires_at  timestamptz not null
    );
    create index if not exists commands_expires_at on ${s}.commands (expires_at);
    create table if not exists ${s}.person_keys (
      person_id  text primary key,
      sealed_key bytea not null,
      created_at timestamptz not null default now()
    );
    create or replace function ${s}.take_ordering_lock() returns trigger language plpgsql as $$
    begin
      perform pg_advisory_xact_lock(${orderingLock(schema)});
      return null;
    end $$;
    create or replace trigger events_in_commit_order before insert on ${s}.events
      for each statement execute function ${s}.take_ordering_lock();
    create or replace function ${s}.refuse_to_change_the_past() returns trigger language plpgsql as $$
    begin
      raise exception 'events are never changed or removed' using errcode = 'insufficient_privilege';
    end $$;
    create or replace trigger events_are_permanent before update or delete or truncate on ${s}.events
      for each statement execute function ${s}.refuse_to_change_the_past();
  `);
};

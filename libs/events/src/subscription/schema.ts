import { type ClientBase, escapeIdentifier } from 'pg';

/** Tables of a service's subscriptions: checkpoints, parked events, and its topic. Idempotent. */
export const migrateSubscriptions = async (client: ClientBase, schema: string): Promise<void> => {
  const s = escapeIdentifier(schema);
  await client.query(`
    create table if not exists ${s}.checkpoints (
      subscription text not null,
      source       text not null,
      partition    integer not null,
      position     bigint not null,
      primary key (subscription, source, partition)
    );
    create table if not exists ${s}.parked_events (
      id              bigint generated always as identity primary key,
      subscription    text not null,
      source          text not null,
      subject         text not null,
      event           jsonb not null,
      -- waiting: behind an earlier event of its subject; retrying: at next_attempt_at; dead: until somebody replays it
      status          text not null check (status in ('waiting', 'retrying', 'dead')),
      attempts        integer not null default 0,
      next_attempt_at timestamptz,
      last_error      text,
      parked_at       timestamptz not null default now()
    );
    create index if not exists parked_events_by_subject on ${s}.parked_events (subscription, source, subject, id);
    create index if not exists parked_events_due on ${s}.parked_events (subscription, source, next_attempt_at)
      where status = 'retrying';
    create table if not exists ${s}.relayed_topics (
      service    text primary key,
      -- over which the relay spreads subjects, for ever; a topic may be given more, and they stay empty
      partitions integer not null
    );
  `);
};

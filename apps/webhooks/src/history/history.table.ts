import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Days that one partition holds, counted from 1970-01-01. */
export const PARTITION_DAYS = 7;
/** Tables that are partitioned by the day on which an event was taken in, and so are dropped together. */
export const HISTORY_TABLES = ['outgoing_events', 'deliveries', 'attempts'] as const;

/** Today, counted in days from 1970-01-01 UTC. */
export const TODAY = `(extract(epoch from now())::bigint / 86400)::int`;

/** How long making or dropping a partition waits for a lock, and so makes others wait behind it. After that it fails, and is retried. */
const LOCK_TIMEOUT = '500ms';

/**
 * Events, deliveries and attempts in partitions of a week each, all by the day on which the event was taken in. So no delivery outlives its
 * event and no attempt its delivery, a week goes by dropping three tables, and a delivery is unique within its partition.
 *
 * Functions with the rights of their owner make and drop partitions, since the role that a service works as owns no tables.
 */
export class History1790000004200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const table of HISTORY_TABLES) await runner.query(`alter table ${table} rename to former_${table}`);
    await runner.query('create sequence event_positions');
    await runner.query(`
      create table outgoing_events (
        -- ascends in the order of commits: it is drawn under the lock of queues
        position bigint not null default nextval('event_positions'),
        day integer not null,
        event_id text not null,
        type text not null,
        -- as it is sent, byte for byte
        body text not null,
        -- the webhook that a test event is for
        only_for text,
        taken_at timestamptz not null default now(),
        constraint outgoing_events_key primary key (event_id, day)
      ) partition by range (day)`);
    await runner.query('create index outgoing_events_in_order on outgoing_events (position)');
    await runner.query(`
      create table deliveries (
        id text not null,
        day integer not null,
        -- the event's position
        seq bigint not null,
        endpoint_id text not null,
        event_id text not null,
        event_type text not null,
        subject text,
        -- of ordered endpoints: deliveries of one queue go out one after the other
        queue text,
        status text not null check (status in ('pending', 'succeeded', 'failed')),
        -- attempts since it was last queued
        attempts integer not null default 0,
        -- status of the last answer
        response_status integer,
        -- null while it waits behind another of its queue, and when it is done
        due_at timestamptz,
        claimed_by uuid,
        claimed_until timestamptz,
        -- a replay queued it: live deliveries go first
        replayed boolean not null default false,
        -- the replay that queued it last, and its status before
        replay_id text,
        replay_of text,
        -- false: it has failed, and the event that tells of it is still to be made
        announced boolean not null default true,
        created_at timestamptz not null default now(),
        settled_at timestamptz,
        constraint deliveries_key primary key (id, day)
      ) partition by range (day)`);
    const on = 'on deliveries';
    await runner.query(`create unique index deliveries_of_endpoint ${on} (endpoint_id, seq, day)`);
    await runner.query(
      `create index deliveries_open ${on} (endpoint_id, replayed, due_at, seq) where status = 'pending' and due_at is not null`,
    );
    await runner.query(
      `create index deliveries_in_queue ${on} (endpoint_id, queue, seq) where status = 'pending' and queue is not null`,
    );
    await runner.query(
      `create index deliveries_not_arrived ${on} (endpoint_id, status, seq) where status <> 'succeeded'`,
    );
    await runner.query(`create index deliveries_of_replay ${on} (replay_id, status) where replay_id is not null`);
    await runner.query(`create index deliveries_to_announce ${on} (id) where not announced`);
    await runner.query(`
      create table attempts (
        delivery_id text not null,
        day integer not null,
        at timestamptz not null,
        -- version of the webhook at the time
        endpoint_version integer,
        duration_ms integer not null,
        response_status integer,
        response_body text,
        error text,
        constraint attempts_key primary key (delivery_id, at, day)
      ) partition by range (day)`);
    // The time since which all attempts have failed, and that of the last failure
    await runner.query(
      'alter table delivery_gates add column failing_since timestamptz, add column failed_at timestamptz',
    );
    await runner.query(makeHistoryFunction(85));
    await runner.query(DROP);
    await this.#fill(runner);
    for (const table of HISTORY_TABLES) await runner.query(`drop table former_${table}`);
  }

  /** Copies existing rows. */
  async #fill(runner: QueryRunner): Promise<void> {
    const day = (column: string): string => `(extract(epoch from ${column})::bigint / 86400)::int`;
    await runner.query(`
      select make_history(coalesce((select min(${day('taken_at')}) from former_outgoing_events), ${TODAY}), ${TODAY})`);
    await runner.query(`
      insert into outgoing_events (position, day, event_id, type, body, taken_at)
      select nextval('event_positions'), ${day('taken_at')}, event_id, body::jsonb ->> 'type', body, taken_at
      from (select * from former_outgoing_events order by taken_at, event_id) e`);
    await runner.query(`
      insert into deliveries (id, day, seq, endpoint_id, event_id, event_type, subject, queue, status, attempts, due_at,
        created_at, settled_at)
      select d.id, e.day, e.position, d.endpoint_id, d.event_id, d.event_type, e.body::jsonb ->> 'subject', d.queue, d.status,
        d.attempts, d.due_at, d.created_at, case when d.status <> 'pending' then d.created_at end
      from former_deliveries d join outgoing_events e on e.event_id = d.event_id`);
    await runner.query(`
      insert into attempts (delivery_id, day, at, duration_ms, response_status, response_body, error)
      select a.delivery_id, d.day, a.at, a.duration_ms, a.response_status, a.response_body, a.error
      from former_attempts a join deliveries d on d.id = a.delivery_id`);
  }

  /** There is no way back: consumers have seen positions. */
  down(): Promise<void> {
    return Promise.reject(new Error('The history of deliveries cannot be put back into undivided tables.'));
  }
}

/** A delivery is written three times. Pages are filled by half, so that the later versions fit on the same page. */
export class RoomForClaims1790000004204 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await this.#fill(runner, 50);
  }

  async down(runner: QueryRunner): Promise<void> {
    await this.#fill(runner, 85);
  }

  async #fill(runner: QueryRunner, fillfactor: number): Promise<void> {
    await runner.query(makeHistoryFunction(fillfactor));
    const weeks = (await runner.query(
      `select inhrelid::regclass::text as part from pg_inherits where inhparent = 'deliveries'::regclass`,
    )) as { part: string }[];
    for (const { part } of weeks) await runner.query(`alter table ${part} set (fillfactor = ${fillfactor})`);
  }
}

/** In which way an answer was not HTTP/1.1. */
export class AttemptErrorDetail1790000004205 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table attempts add column error_detail text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table attempts drop column error_detail');
  }
}

/**
 * Makes the missing partitions for these days. They are made first and attached then, so that writers do not wait.
 * @param fillfactor of deliveries, in percent
 */
const makeHistoryFunction = (fillfactor: number): string => `
  create or replace function make_history(first_day int, last_day int) returns void
  language plpgsql security definer set search_path from current set lock_timeout = '${LOCK_TIMEOUT}' as $$
  declare
    week int;
    parent text;
    part text;
  begin
    perform pg_advisory_xact_lock(hashtextextended(current_schema() || '/history', 0));
    for week in first_day / ${PARTITION_DAYS} .. last_day / ${PARTITION_DAYS} loop
      foreach parent in array array['${HISTORY_TABLES.join("', '")}'] loop
        part := parent || '_' || week;
        continue when to_regclass(part) is not null;
        execute format('create table %I (like %I including all)%s', part, parent,
          case parent when 'deliveries' then ' with (fillfactor = ${fillfactor})' else '' end);
        execute format('alter table %I attach partition %I for values from (%s) to (%s)',
          parent, part, week * ${PARTITION_DAYS}, (week + 1) * ${PARTITION_DAYS});
      end loop;
    end loop;
  end $$`;

/** Drops partitions whose days are all before the given one. @returns the number of weeks dropped */
const DROP = `
  create function drop_history(before_day int) returns int
  language plpgsql security definer set search_path from current set lock_timeout = '${LOCK_TIMEOUT}' as $$
  declare
    week int;
    dropped int := 0;
  begin
    for week in
      select w from (
        select substring(c.relname from '_(\\d+)$')::int as w from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'outgoing_events'::regclass
      ) weeks
      where (w + 1) * ${PARTITION_DAYS} <= before_day order by w
    loop
      -- A week with a pending or unannounced delivery is kept.
      continue when exists (
        select from deliveries where day >= week * ${PARTITION_DAYS} and day < (week + 1) * ${PARTITION_DAYS}
          and (status = 'pending' or not announced)
      );
      execute format('drop table %I, %I, %I', 'attempts_' || week, 'deliveries_' || week, 'outgoing_events_' || week);
      dropped := dropped + 1;
    end loop;
    return dropped;
  end $$`;

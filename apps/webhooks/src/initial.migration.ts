import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables of webhooks in the first release. It stays as it is: later changes are migrations of their feature. */
export class Initial1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statements of [ENDPOINTS, HISTORY, MAKE_HISTORY, DROP_HISTORY, REPLAYS]) await runner.query(statements);
    // Partitions for the coming days follow when the service starts.
    await runner.query(
      `select make_history(d, d) from (select (extract(epoch from now())::bigint / 86400)::int as d) today`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop function make_history, drop_history;
      drop table known_products, webhook_endpoints, delivery_gates, delivery_statistics, outgoing_events, deliveries, attempts, replays;
      drop sequence event_positions`);
  }
}

// delivery_gates and delivery_statistics are updated often: free space on each page keeps the updates on that page (HOT).
const ENDPOINTS = `
  create table known_products (id text primary key);

  create table webhook_endpoints (
    id text primary key,
    version integer not null,
    product_id text,
    url text not null,
    description text,
    events jsonb not null,
    ordering text not null check (ordering in ('none', 'by_subject', 'strict')),
    active boolean not null,
    disabled_reason text,
    disabled_at timestamptz,
    secrets jsonb not null,
    settings jsonb not null,
    created_at timestamptz not null
  );

  create table delivery_gates (
    endpoint_id text primary key,
    next_slot timestamptz not null default '-infinity',
    failures integer not null default 0,
    opened_at timestamptz,
    failed_probes integer not null default 0,
    next_probe_at timestamptz,
    probing_until timestamptz,
    failing_since timestamptz,
    failed_at timestamptz
  ) with (fillfactor = 70);

  create table delivery_statistics (
    endpoint_id text not null,
    hour timestamptz not null,
    succeeded integer not null,
    failed integer not null,
    latency integer[] not null,
    primary key (endpoint_id, hour)
  ) with (fillfactor = 70)`;

/*
 * Events, deliveries and attempts, in partitions of a week each. All three are divided by the day on which the event was taken in: no
 * delivery outlives its event and no attempt its delivery, and a week goes by dropping three tables. A delivery is unique within its
 * partition, since an event has one day.
 */
const HISTORY = `
  create sequence event_positions;

  create table outgoing_events (
    position bigint not null default nextval('event_positions'),
    day integer not null,
    event_id text not null,
    type text not null,
    body text not null,
    only_for text,
    taken_at timestamptz not null default now(),
    constraint outgoing_events_key primary key (event_id, day)
  ) partition by range (day);
  create index outgoing_events_in_order on outgoing_events (position);

  create table deliveries (
    id text not null,
    day integer not null,
    seq bigint not null,
    endpoint_id text not null,
    event_id text not null,
    event_type text not null,
    subject text,
    queue text,
    status text not null check (status in ('pending', 'succeeded', 'failed')),
    attempts integer not null default 0,
    response_status integer,
    due_at timestamptz,
    claimed_by uuid,
    claimed_until timestamptz,
    replayed boolean not null default false,
    replay_id text,
    replay_of text,
    announced boolean not null default true,
    created_at timestamptz not null default now(),
    settled_at timestamptz,
    constraint deliveries_key primary key (id, day)
  ) partition by range (day);
  create unique index deliveries_of_endpoint on deliveries (endpoint_id, seq, day);
  create index deliveries_open on deliveries (endpoint_id, replayed, due_at, seq) where status = 'pending' and due_at is not null;
  create index deliveries_in_queue on deliveries (endpoint_id, queue, seq) where status = 'pending' and queue is not null;
  create index deliveries_not_arrived on deliveries (endpoint_id, status, seq) where status <> 'succeeded';
  create index deliveries_of_replay on deliveries (replay_id, status) where replay_id is not null;
  create index deliveries_to_announce on deliveries (id) where not announced;

  create table attempts (
    delivery_id text not null,
    day integer not null,
    at timestamptz not null,
    endpoint_version integer not null,
    duration_ms integer not null,
    response_status integer,
    response_body text,
    error text,
    error_detail text,
    constraint attempts_key primary key (delivery_id, at, day)
  ) partition by range (day)`;

/*
 * Makes the missing partitions of some days. Partitions are made and dropped by functions with the rights of their owner, since the
 * role that a service works as may own nothing. A new partition is attached, so that writers do not wait. A function that cannot get
 * its lock in half a second fails, and is called again later. A delivery is written three times: half of each page stays free, so
 * that the row stays on its page.
 */
const MAKE_HISTORY = `
  create function make_history(first_day int, last_day int) returns void
  language plpgsql security definer set search_path from current set lock_timeout = '500ms' as $$
  declare
    week int;
    parent text;
    part text;
  begin
    perform pg_advisory_xact_lock(hashtextextended(current_schema() || '/history', 0));
    for week in first_day / 7 .. last_day / 7 loop
      foreach parent in array array['outgoing_events', 'deliveries', 'attempts'] loop
        part := parent || '_' || week;
        continue when to_regclass(part) is not null;
        execute format('create table %I (like %I including all)%s', part, parent,
          case parent when 'deliveries' then ' with (fillfactor = 50)' else '' end);
        execute format('alter table %I attach partition %I for values from (%s) to (%s)', parent, part, week * 7, (week + 1) * 7);
      end loop;
    end loop;
  end $$`;

/* Drops the weeks that ended before a day, except weeks with deliveries that are pending or unannounced. Returns how many. */
const DROP_HISTORY = `
  create function drop_history(before_day int) returns int
  language plpgsql security definer set search_path from current set lock_timeout = '500ms' as $$
  declare
    week int;
    dropped int := 0;
  begin
    for week in
      select w from (
        select substring(c.relname from '_(\\d+)$')::int as w from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'outgoing_events'::regclass
      ) weeks
      where (w + 1) * 7 <= before_day order by w
    loop
      continue when exists (
        select from deliveries where day >= week * 7 and day < (week + 1) * 7 and (status = 'pending' or not announced)
      );
      execute format('drop table %I, %I, %I', 'attempts_' || week, 'deliveries_' || week, 'outgoing_events_' || week);
      dropped := dropped + 1;
    end loop;
    return dropped;
  end $$`;

// One replay of a webhook at a time: two would send the same events twice.
const REPLAYS = `
  create table replays (
    id text primary key,
    endpoint_id text not null,
    kind text not null check (kind in ('everything', 'failed')),
    failed_since timestamptz,
    from_position bigint not null,
    to_position bigint not null,
    position bigint not null,
    status text not null check (status in ('running', 'paused', 'completed', 'canceled')),
    created_at timestamptz not null default now(),
    finished_at timestamptz
  );
  create index replays_of_endpoint on replays (endpoint_id, id);
  create unique index replays_under_way on replays (endpoint_id) where status in ('running', 'paused')`;

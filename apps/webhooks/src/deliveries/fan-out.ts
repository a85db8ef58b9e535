import type { PoolClient, QueryResult } from 'pg';
import { newId } from '#domain/shared/id';
import type { Ordering } from '#domain/webhooks/webhook-endpoint/webhook-endpoint';
import type { PublishedEvent } from '#events/event';
import { PLAN_ONCE } from '#events/subscription/transaction';
import { matches } from '../endpoints/event-types.ts';
import { TODAY } from '../history/days.ts';
import { DUE_CHANNEL, QUEUE_LOCK } from './delivery.table.ts';
import { type Interest, queueOf, wants } from './interest.ts';

interface Subscriber extends Interest {
  readonly id: string;
  readonly ordering: Ordering;
  /** An inactive endpoint gets no deliveries, but the events that it wants are kept. */
  readonly active: boolean;
}

interface Draft {
  readonly endpoint_id: string;
  readonly event: PublishedEvent;
  readonly kept: Kept;
  /** Queue of an ordered endpoint; null = no order. */
  readonly queue: string | null;
}

/** The position of an event among all that were taken in. */
interface Kept {
  readonly event_id: string;
  readonly position: string;
  readonly day: number;
}

/**
 * The most deliveries of a statement, so that its message has a bounded size; and of a transaction (its last event may exceed it), so that the
 * first deliveries of a burst are sent while the last are still being written.
 */
const SHARE = 5_000;
/** A NOTIFY payload has less than 8,000 bytes; an id and a space take 31. */
const NAMED = 200;

const SUBSCRIBERS = `${PLAN_ONCE}; select pg_advisory_xact_lock(${QUEUE_LOCK});
  select id, product_id, events, ordering, settings -> 'filter' as filter, active from webhook_endpoints`;

/**
 * Stores each event once, in the order of arrival: positions ascend in that order. `order by day limit 1` makes the planner look an event up
 * by its key: without statistics of a new week it would read all of it.
 */
const KEEP = `
  insert into outgoing_events (position, day, event_id, type, body)
  select nextval('event_positions'), ${TODAY}, event_id, type, body
  from (
    select * from unnest($1::text[], $2::text[], $3::text[]) with ordinality as i(event_id, type, body, n)
    where (select o.day from outgoing_events o where o.event_id = i.event_id order by o.day limit 1) is null
    order by n
  ) fresh
  returning event_id, position, day`;

/** Looks for the first of a queue, in the order of the index. With `exists` PostgreSQL may read all pending deliveries. */
const INSERT = `
  with incoming as (
    select * from unnest($1::text[], $2::int[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
      as i(id, day, seq, endpoint_id, event_id, event_type, subject, queue)
  ),
  queued as (
    insert into deliveries (id, day, seq, endpoint_id, event_id, event_type, subject, queue, status, due_at)
    select id, day, seq, endpoint_id, event_id, event_type, subject, queue, 'pending', case
        when queue is null then now()
        when row_number() over (partition by endpoint_id, queue order by seq) > 1 then null
        when (
          select d.seq from deliveries d where d.endpoint_id = i.endpoint_id and d.queue = i.queue and d.status = 'pending'
          order by d.seq limit 1
        ) is not null then null
        else now()
      end
    from incoming i
  )
  select pg_notify('${DUE_CHANNEL}', $9)`;

/**
 * Stores events and their deliveries, one for each endpoint that wants the event, in the transaction that takes the events in. An event that was
 * taken in before is skipped. An event that no endpoint wants is kept for replays. The commit notifies the senders.
 * @returns how many events were taken, from the first; the others need a transaction of their own
 */
export const fanOut = async (events: readonly PublishedEvent[], tx: PoolClient): Promise<number> => {
  const all = await subscribers(tx);
  const interested = interestedIn(
    events,
    all.filter(({ active }) => active),
  );
  const share = events.slice(0, interested.length);
  const kept = await keep(worthKeeping(share, all), tx);
  const drafts = share.flatMap((event, n) => draftsOf(event, interested[n] ?? [], kept.get(event.id)));
  for (let from = 0; from < drafts.length; from += SHARE) await insert(drafts.slice(from, from + SHARE), tx);
  return share.length;
};

/**
 * Event types that come by the thousand a second. They are stored only while an endpoint wants them: storing all of them would copy the whole
 * log, where they can be found anyway.
 */
const BY_THE_THOUSAND = ['usage.recorded'];

/** The types of these that no endpoint wants now: a source that can filter need not send them. */
export const UNWANTED = `array(
  select type from unnest(array['${BY_THE_THOUSAND.join("', '")}']) as t(type)
  where not exists (
    select from webhook_endpoints where events ?| array['*', split_part(type, '.', 1) || '.*', type]
  )
)`;

const worthKeeping = (events: readonly PublishedEvent[], all: readonly Subscriber[]): readonly PublishedEvent[] => {
  const unwanted = BY_THE_THOUSAND.filter((type) => !all.some((one) => matches(one.events, type)));
  return unwanted.length === 0 ? events : events.filter(({ type }) => !unwanted.includes(type));
};

const keep = async (events: readonly PublishedEvent[], tx: PoolClient): Promise<ReadonlyMap<string, Kept>> => {
  const once = [...new Map(events.map((event) => [event.id, event])).values()];
  if (once.length === 0) return new Map();
  const { rows } = await tx.query<Kept>({
    name: 'keep_events',
    text: KEEP,
    values: [once.map(({ id }) => id), once.map(({ type }) => type), once.map((event) => JSON.stringify(event))],
  });
  return new Map(rows.map((row) => [row.event_id, row]));
};

/** Runs under the lock of queues, so that positions ascend in the order of commits. */
const subscribers = async (tx: PoolClient): Promise<readonly Subscriber[]> => {
  // Three statements in one message: pg returns a result for each.
  const [, , found] = (await tx.query(SUBSCRIBERS)) as unknown as [QueryResult, QueryResult, QueryResult<Subscriber>];
  return found.rows;
};

/** The deliveries of each event, from the first event up to the one that fills a transaction. */
const interestedIn = (
  events: readonly PublishedEvent[],
  all: readonly Subscriber[],
): readonly (readonly Subscriber[])[] => {
  const byType = new Map<string, readonly Subscriber[]>();
  const interested: (readonly Subscriber[])[] = [];
  let room = SHARE;
  for (const event of events) {
    if (room <= 0) break;
    let typed = byType.get(event.type);
    if (typed === undefined) {
      typed = all.filter((one) => matches(one.events, event.type));
      byType.set(event.type, typed);
    }
    const some = typed.filter((one) => wants(one, event));
    interested.push(some);
    room -= some.length;
  }
  return interested;
};

/** @param kept undefined when the event was taken in before */
const draftsOf = (event: PublishedEvent, interested: readonly Subscriber[], kept: Kept | undefined): Draft[] =>
  kept === undefined
    ? []
    : interested.map(({ id, ordering }) => ({
        endpoint_id: id,
        event,
        kept,
        queue: queueOf(ordering, event.subject),
      }));

const insert = async (drafts: readonly Draft[], tx: PoolClient): Promise<void> => {
  const endpoints = [...new Set(drafts.map(({ endpoint_id }) => endpoint_id))];
  await tx.query({
    name: 'insert_deliveries',
    text: INSERT,
    values: [
      drafts.map(() => newId('dlv')),
      drafts.map(({ kept }) => kept.day),
      drafts.map(({ kept }) => kept.position),
      drafts.map(({ endpoint_id }) => endpoint_id),
      drafts.map(({ event }) => event.id),
      drafts.map(({ event }) => event.type),
      drafts.map(({ event }) => event.subject),
      drafts.map(({ queue }) => queue),
      endpoints.length > NAMED ? '' : endpoints.join(' '),
    ],
  });
};

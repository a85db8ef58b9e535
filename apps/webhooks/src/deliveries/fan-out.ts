import type { PoolClient, QueryResult } from 'pg';
import { newId } from '#domain/shared/id';
import type { Ordering } from '#domain/webhooks/webhook-endpoint/webhook-endpoint';
import type { PublishedEvent } from '#events/event';
import { PLAN_ONCE } from '#events/subscription/transaction';
import { matches } from '../endpoints/event-types.ts';
import { TODAY } from '../history/history.table.ts';
import { DUE_CHANNEL, QUEUE_LOCK } from './delivery.table.ts';
import { type Interest, queueOf, wants } from './interest.ts';

interface Subscriber extends Interest {
  readonly id: string;
  readonly ordering: Ordering;
  /** What one that is switched off wants is kept for it, and not sent. */
  readonly active: boolean;
}

interface Draft {
  readonly endpoint_id: string;
  readonly event: PublishedEvent;
  readonly kept: Kept;
  /** What must not be overtaken; null = anything may. */
  readonly queue: string | null;
}

/** Where an event stands among all that were taken in. */
interface Kept {
  readonly event_id: string;
  readonly position: string;
  readonly day: number;
}

/**
 * Deliveries a statement: enough to be quick, few enough for a message of bounded size. And deliveries a transaction, with what its
 * last event adds: the first of a burst are sent while the last are still being written.
 */
const SHARE = 5_000;
/** A NOTIFY holds less than 8,000 bytes, an id and a space 31. */
const NAMED = 200;

const SUBSCRIBERS = `${PLAN_ONCE}; select pg_advisory_xact_lock(${QUEUE_LOCK});
  select id, product_id, events, ordering, settings -> 'filter' as filter, active from webhook_endpoints`;

/**
 * Each event once, in the order in which they came: positions ascend with it. What was taken in before is looked up in the order of
 * the key, so that a week of which there are no statistics yet is not read whole.
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

/** Of a queue the first is looked for, in its order: asked whether there is any, PostgreSQL may read all that is pending. */
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
 * Keeps the events, and writes what each endpoint that wants them is to be sent, in the transaction that takes them in. An event
 * that was taken in before adds nothing; one that nobody wants now is kept for those who will. Senders hear of it at the commit.
 * @returns how many of the events that was, from the first; the others are for a transaction of their own
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
 * Events that come by the thousand a second. They are kept while somebody wants them, and not for those who may come: whoever
 * comes finds them in the log, which all of them would otherwise be written out of once more.
 */
const BY_THE_THOUSAND = ['usage.recorded'];

/** Those of them that nobody wants now: where the log can be asked for the others, these need not come. */
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

/** Under the lock, so that deliveries are numbered in the order in which they appear. */
const subscribers = async (tx: PoolClient): Promise<readonly Subscriber[]> => {
  // Three statements in one message: pg gives a result for each.
  const [, , found] = (await tx.query(SUBSCRIBERS)) as unknown as [QueryResult, QueryResult, QueryResult<Subscriber>];
  return found.rows;
};

/** Who wants each of the events, from the first up to the one that fills a share. */
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

/** @param kept undefined when it was taken in before */
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

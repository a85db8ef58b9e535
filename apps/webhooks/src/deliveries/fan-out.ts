import type { PoolClient, QueryResult } from 'pg';
import { newId } from '#domain/shared/id';
import { type Filter, passes } from '#domain/webhook-endpoint/filter';
import type { Ordering } from '#domain/webhook-endpoint/webhook-endpoint';
import type { PublishedEvent } from '#events';
import { matches } from '../endpoints/event-types.ts';
import { DUE_CHANNEL, QUEUE_LOCK } from './delivery.table.ts';

interface Subscriber {
  readonly id: string;
  readonly product_id: string | null;
  readonly events: readonly string[];
  readonly ordering: Ordering;
  readonly filter: Filter | null;
}

interface Draft {
  readonly endpoint_id: string;
  readonly event: PublishedEvent;
  /** What must not be overtaken; null = anything may. */
  readonly queue: string | null;
}

/** Deliveries a statement: enough to be quick, few enough for a message of bounded size. */
const CHUNK = 5_000;
/** A NOTIFY holds less than 8,000 bytes, an id and a space 31. */
const NAMED = 200;

const SUBSCRIBERS = `select pg_advisory_xact_lock(${QUEUE_LOCK});
  select id, product_id, events, ordering, settings -> 'filter' as filter from webhook_endpoints where active`;

const INSERT = `
  with incoming as (
    select i.* from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
      with ordinality as i(id, endpoint_id, event_id, event_type, queue, n)
    where not exists (select from deliveries d where d.endpoint_id = i.endpoint_id and d.event_id = i.event_id)
  )
  insert into deliveries (id, endpoint_id, event_id, event_type, queue, status, due_at)
  select id, endpoint_id, event_id, event_type, queue, 'pending', case
      when queue is null then now()
      when row_number() over (partition by endpoint_id, queue order by n) > 1 then null
      when exists (
        select from deliveries d where d.endpoint_id = i.endpoint_id and d.queue = i.queue and d.status = 'pending'
      ) then null
      else now()
    end
  from incoming i
  order by n`;

const STORE = `
  with stored as (
    insert into outgoing_events (event_id, body) select * from unnest($1::text[], $2::text[]) on conflict do nothing
  )
  select pg_notify('${DUE_CHANNEL}', $3)`;

/**
 * Writes what each endpoint that wants the events is to be sent, in the transaction that takes the events in. An event that was
 * taken in before adds nothing. Senders hear of it at the commit.
 */
export const fanOut = async (events: readonly PublishedEvent[], tx: PoolClient): Promise<void> => {
  const drafts = draftsOf(events, await subscribers(tx));
  if (drafts.length === 0) return;
  for (let from = 0; from < drafts.length; from += CHUNK) await insert(drafts.slice(from, from + CHUNK), tx);
  const wanted = new Map(drafts.map(({ event }) => [event.id, event]));
  const endpoints = [...new Set(drafts.map(({ endpoint_id }) => endpoint_id))];
  await tx.query({
    name: 'store_events',
    text: STORE,
    values: [
      [...wanted.keys()],
      [...wanted.values()].map((event) => JSON.stringify(event)),
      endpoints.length > NAMED ? '' : endpoints.join(' '),
    ],
  });
};

/** Under the lock, so that deliveries are numbered in the order in which they appear. */
const subscribers = async (tx: PoolClient): Promise<readonly Subscriber[]> => {
  // Two statements in one message: pg gives a result for each.
  const [, found] = (await tx.query(SUBSCRIBERS)) as unknown as [QueryResult, QueryResult<Subscriber>];
  return found.rows;
};

const draftsOf = (events: readonly PublishedEvent[], all: readonly Subscriber[]): Draft[] => {
  const byType = new Map<string, readonly Subscriber[]>();
  return events.flatMap((event) => {
    let interested = byType.get(event.type);
    if (interested === undefined) {
      interested = all.filter((one) => matches(one.events, event.type));
      byType.set(event.type, interested);
    }
    const product = event.data['product_id'];
    return interested
      .filter(({ product_id, filter }) => (product_id === null || product_id === product) && wants(filter, event))
      .map(({ id, ordering }) => ({ endpoint_id: id, event, queue: queueOf(ordering, event) }));
  });
};

/** JSON's null and SQL's alike come as null. */
const wants = (filter: Filter | null, event: PublishedEvent): boolean => filter === null || passes(filter, event);

const queueOf = (ordering: Ordering, { subject }: PublishedEvent): string | null =>
  ordering === 'none' ? null : ordering === 'strict' ? '*' : subject;

const insert = async (drafts: readonly Draft[], tx: PoolClient): Promise<void> => {
  await tx.query({
    name: 'insert_deliveries',
    text: INSERT,
    values: [
      drafts.map(() => newId('dlv')),
      drafts.map(({ endpoint_id }) => endpoint_id),
      drafts.map(({ event }) => event.id),
      drafts.map(({ event }) => event.type),
      drafts.map(({ queue }) => queue),
    ],
  });
};

import type { PoolClient } from 'pg';
import { newId } from '#domain/shared/id';
import type { Ordering } from '#domain/webhooks/webhook-endpoint/webhook-endpoint';
import type { PublishedEvent } from '#events/event';
import { type Interest, queueOf, wants } from '../deliveries/interest.ts';
import type { Queue } from '../deliveries/queues.ts';
import type { ReplayRow } from './replay.table.ts';

/** The webhook of a replay. */
export interface Receiver extends Interest {
  readonly active: boolean;
  readonly ordering: Ordering;
}

/** The result of a batch. */
export interface Helping {
  readonly queued: readonly Queue[];
  /** Everything up to this position has been queued or skipped. */
  readonly position: string;
}

interface Kept {
  readonly position: string;
  readonly day: number;
  readonly body: string;
}

/** Events read at once: most webhooks want few of them. */
const WINDOW = 2_000;

const EVENTS = `
  select position, day, body from outgoing_events
  where position > $1 and position <= $2 and only_for is null
  order by position limit ${WINDOW}`;

/** Skips deliveries that are pending already, and those that this replay delivered before a pause. */
const AGAIN = `set status = 'pending', attempts = 0, due_at = case when d.queue is null then now() end, replayed = true,
    replay_of = d.status, settled_at = null, announced = true, claimed_by = null, claimed_until = null`;

const QUEUE_EVENTS = `
  insert into deliveries as d (id, day, seq, endpoint_id, event_id, event_type, subject, queue, status, due_at, replayed, replay_id)
  select id, day, seq, $1, event_id, event_type, subject, queue, 'pending', case when queue is null then now() end, true, $2
  from unnest($3::text[], $4::int[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[])
    as i(id, day, seq, event_id, event_type, subject, queue)
  on conflict (endpoint_id, seq, day) do update ${AGAIN}, replay_id = excluded.replay_id
    where d.status <> 'pending' and d.replay_id is distinct from excluded.replay_id
  returning d.endpoint_id, d.queue`;

const QUEUE_FAILED = `
  update deliveries d ${AGAIN}, replay_id = $2
  from (
    select id, day from deliveries
    where endpoint_id = $1 and status = 'failed' and seq > $3 and seq <= $4 and settled_at >= $5
      and replay_id is distinct from $2
    order by seq limit $6
  ) f
  where d.id = f.id and d.day = f.day
  returning d.endpoint_id, d.queue, d.seq`;

/** Queues the next events that the receiver wants, at most `room`. */
export const feedEvents = async (
  { id, position, to_position }: ReplayRow,
  receiver: Receiver,
  room: number,
  tx: PoolClient,
): Promise<Helping> => {
  const { rows } = await tx.query<Kept>({ name: 'events_to_replay', text: EVENTS, values: [position, to_position] });
  const wanted = rows
    .map((kept) => ({ ...kept, event: JSON.parse(kept.body) as PublishedEvent }))
    .filter(({ event }) => wants(receiver, event));
  const now = wanted.slice(0, room);
  const { rows: queued } = await tx.query<Queue>({
    name: 'queue_events_again',
    text: QUEUE_EVENTS,
    values: [
      receiver.id,
      id,
      now.map(() => newId('dlv')),
      now.map(({ day }) => day),
      now.map((one) => one.position),
      now.map(({ event }) => event.id),
      now.map(({ event }) => event.type),
      now.map(({ event }) => event.subject),
      now.map(({ event }) => queueOf(receiver.ordering, event.subject)),
    ],
  });
  const last = wanted.length > room ? now : rows;
  const reached = last.length < WINDOW && last === rows ? to_position : last.at(-1)?.position;
  return { queued, position: reached ?? position };
};

/** Queues the next failed deliveries, at most `room`. */
export const feedFailed = async (
  { id, endpoint_id, position, to_position, failed_since }: ReplayRow,
  room: number,
  tx: PoolClient,
): Promise<Helping> => {
  const { rows } = await tx.query<Queue & { readonly seq: string }>({
    name: 'queue_failed_again',
    text: QUEUE_FAILED,
    values: [endpoint_id, id, position, to_position, failed_since, room],
  });
  if (rows.length < room) return { queued: rows, position: to_position };
  return { queued: rows, position: String(Math.max(...rows.map(({ seq }) => Number(seq)))) };
};

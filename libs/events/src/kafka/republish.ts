import type { Pool } from 'pg';
import type { EventContract } from '../contract.ts';
import type { PublishedEvent } from '../event.ts';
import { contractsByType, readPublished } from '../publish.ts';
import { LOG_PARTITION } from '../source.ts';
import { moveCheckpoint, readPositions } from '../subscription/checkpoint.ts';
import { toMessage } from './cloudevents.ts';
import { ensureTopicNamed, kafkaClient, type KafkaOptions } from './topic.ts';

export interface RepublishOptions {
  /** Connections whose `search_path` is the service's schema. */
  readonly pool: Pool;
  readonly service: string;
  readonly contracts: readonly EventContract<never>[];
  readonly kafka: KafkaOptions;
  /** A separate topic; services must never write to it. */
  readonly topic: string;
  /** The first position to send. */
  readonly from: number;
  /** The last position to send; by default, the end of the log at the start. */
  readonly to?: number;
  /** Called after each batch, when its progress is stored. */
  readonly onProgress: (progress: RepublishProgress) => void;
  /** Events per batch (default 500). */
  readonly batch?: number;
}

export interface RepublishProgress {
  /** Number of events that this run sent. */
  readonly events: number;
  /** Position up to which everything has been sent. */
  readonly position: number;
  readonly to: number;
}

const BATCH = 500;
/** Matches every name that `topicOf` can return. */
const LIVE = /^keyledger\.[a-z0-9_]+$/;

/**
 * Sends a range of a service's published events to a separate topic, in the form in which they would be published today: in
 * the order of the log, keyed by subject. Progress is stored after each batch: the same call after an interruption continues
 * there, and repeats at most one batch, with the same event ids. The progress of a finished call is deleted, so the next call
 * sends everything again.
 * @returns how many events this run has sent
 * @throws for a topic that a service could publish to: its consumers would treat old events as new
 */
export const republish = async (options: RepublishOptions): Promise<number> => {
  const { pool, service, kafka, topic, from, onProgress, batch = BATCH } = options;
  if (LIVE.test(topic)) throw new Error(`${topic} is where services publish: name another topic.`);
  const contracts = contractsByType(options.contracts.filter((contract) => contract.service === service));
  const to = options.to ?? (await endOf(pool));
  const key = { subscription: `republish:${topic}:${from}-${options.to ?? ''}`, source: service };
  let position = (await readPositions(pool, key)).get(LOG_PARTITION) ?? from - 1;
  let events = 0;
  await ensureTopicNamed(kafka, topic);
  // One request in flight: with more, a later request could overtake a failed one.
  const producer = kafkaClient(kafka).producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  try {
    while (position < to) {
      const page = await readPublished(pool, service, contracts, { after: position, limit: batch });
      if (page.position === position) break;
      const wanted = page.events.filter((event) => event.position <= to);
      for (const messages of requests(wanted)) await producer.send({ topic, acks: -1, messages });
      events += wanted.length;
      position = Math.min(page.position, to);
      await moveCheckpoint(pool, key, LOG_PARTITION, position);
      onProgress({ events, position, to });
    }
  } finally {
    await producer.disconnect();
  }
  await pool.query('delete from checkpoints where subscription = $1 and source = $2', [key.subscription, key.source]);
  return events;
};

const endOf = async (pool: Pool): Promise<number> => {
  const { rows } = await pool.query<{ position: string }>('select coalesce(max(position), 0) as position from events');
  return Number(rows[0]?.position);
};

/** The maximum number of bytes per request to the broker; a single event may be larger. */
const REQUEST_BYTES = 512 * 1024;

/** Splits events into requests of a size that the broker accepts: it limits bytes, not events. */
const requests = (events: readonly PublishedEvent[]): ReturnType<typeof toMessage>[][] => {
  const all: ReturnType<typeof toMessage>[][] = [];
  let room = 0;
  for (const event of events) {
    const message = toMessage(event);
    const current = all.at(-1);
    if (current !== undefined && message.value.length <= room) {
      current.push(message);
      room -= message.value.length;
    } else {
      all.push([message]);
      room = REQUEST_BYTES - message.value.length;
    }
  }
  return all;
};

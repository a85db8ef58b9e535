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
  /** A topic of its own: never one that services write to. */
  readonly topic: string;
  /** First position that is sent. */
  readonly from: number;
  /** Last position that is sent; left out, all that there is at the start. */
  readonly to?: number;
  /** Told after each batch, once it can be gone on behind it. */
  readonly onProgress: (progress: RepublishProgress) => void;
  /** Events read and sent at once (default 500). */
  readonly batch?: number;
}

export interface RepublishProgress {
  /** Sent by this run. */
  readonly events: number;
  /** Up to here all has been sent. */
  readonly position: number;
  readonly to: number;
}

const BATCH = 500;
/** Whatever `topicOf` may make. */
const LIVE = /^keyledger\.[a-z0-9_]+$/;

/**
 * Sends a stretch of a service's published events, as they would be published today, to a side topic: in the order of the log,
 * keyed by subject. What has been sent is written down as it goes: the same call again goes on where one broke off, and at
 * most a batch comes twice, under the ids it had. A call that has come to its end is forgotten: the next one sends all again.
 * @returns how many events this run has sent
 * @throws for a topic that could be a service's own: its consumers would take the past for news
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
  // One request in flight: with more, a failed one could be overtaken.
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

/** Bytes of a request to the broker at most; one event alone may be larger. */
const REQUEST_BYTES = 512 * 1024;

/** Requests that a broker takes: it measures them in bytes, not in events. */
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

import type { Message, Producer } from 'kafkajs';
import type { Pool } from 'pg';
import type { EventContract } from '../contract.ts';
import type { PublishedEvent } from '../event.ts';
import { type Leadership, pause, runAsLeader } from '../leader.ts';
import { LOG_PARTITION } from '../source.ts';
import { LogSource } from '../source/log.source.ts';
import { moveCheckpoint, readPositions } from '../subscription/checkpoint.ts';
import { abortable } from './abortable.ts';
import { toMessage } from './cloudevents.ts';
import { partitionOf } from './partition.ts';
import { ensureTopic, kafkaClient, type KafkaOptions, topicOf } from './topic.ts';

export interface RelayOptions {
  /** Connections whose `search_path` is the service's schema. */
  readonly pool: Pool;
  /** The service whose log is sent; its schema has the same name. */
  readonly service: string;
  readonly contracts: readonly EventContract<never>[];
  readonly kafka: KafkaOptions;
  readonly onError: (error: unknown, what: string) => void;
}

/** The maximum number of events per read, and of bytes per request to the broker (a single event may be larger). */
const BATCH = 500;
const REQUEST_BYTES = 512 * 1024;
const AWAY_MS = 500;
/** Name of the relay in the service's checkpoints. */
const RELAY = 'kafka-relay';

/**
 * Sends a service's published events to its topic, in order. One process among all instances does this. The checkpoint moves
 * after the broker has confirmed all events, so a crash sends some events again and loses none. Consumers skip events that
 * they have already seen.
 */
export const startRelay = (options: RelayOptions): Leadership =>
  runAsLeader(
    options.pool,
    `keyledger:relay:${options.service}`,
    (signal) => relay(options, signal),
    (error) => options.onError(error, `the relay of ${options.service} could not lead`),
  );

/** The lag of the topic behind the log, in positions (at least as many as events). */
export const relayLag = async (pool: Pool, service: string): Promise<number> => {
  const { rows } = await pool.query<{ head: string }>('select coalesce(max(position), 0) as head from events');
  const sent = (await readPositions(pool, { subscription: RELAY, source: service })).get(LOG_PARTITION) ?? 0;
  return Math.max(0, Number(rows[0]?.head) - sent);
};

const relay = async (options: RelayOptions, signal: AbortSignal): Promise<void> => {
  const { pool, service, contracts, kafka, onError } = options;
  const what = `the relay of ${service} could not go on`;
  const source = new LogSource(service, pool, contracts, (error) => onError(error, what));
  try {
    while (!signal.aborted) {
      // One request in flight: with more, a later request could overtake a failed one.
      const producer = kafkaClient(kafka).producer({ idempotent: true, maxInFlightRequests: 1 });
      try {
        const partitions = await fixedPartitions(pool, service, await abortable(ensureTopic(kafka, service), signal));
        await abortable(producer.connect(), signal);
        await sendAll(options, partitions, source, producer, signal);
      } catch (error) {
        if (!signal.aborted) onError(error, what);
        await pause(AWAY_MS, signal);
      } finally {
        await producer.disconnect().catch((error: unknown) => onError(error, what));
      }
    }
  } finally {
    await source.close();
  }
};

const sendAll = async (
  { pool, service }: RelayOptions,
  partitions: number,
  source: LogSource,
  producer: Producer,
  signal: AbortSignal,
): Promise<void> => {
  const key = { subscription: RELAY, source: service };
  let reached = (await readPositions(pool, key)).get(LOG_PARTITION) ?? 0;
  let written: Promise<void> = Promise.resolve();
  while (!signal.aborted) {
    const batch = await source.next(() => reached, BATCH, signal);
    if (batch === undefined) break;
    for (const messages of requests(batch.events, partitions)) {
      await abortable(producer.send({ topic: topicOf(service), acks: -1, messages }), signal);
    }
    reached = batch.position;
    // The checkpoint is stored while the next events are read and sent. It lags by one batch, which a crash sends again.
    await written;
    written = moveCheckpoint(pool, key, LOG_PARTITION, reached);
    written.catch(() => undefined);
  }
  await written;
};

/** Splits events into requests of a size that the broker accepts: it limits bytes, not events. */
const requests = (events: readonly PublishedEvent[], partitions: number): Message[][] => {
  const all: Message[][] = [];
  let room = 0;
  for (const event of events) {
    const message = { ...toMessage(event), partition: partitionOf(event.subject, partitions) };
    room -= message.value.length;
    const current = all.at(-1);
    if (current === undefined || room < 0) {
      all.push([message]);
      room = REQUEST_BYTES - message.value.length;
    } else {
      current.push(message);
    }
  }
  return all;
};

/** The number of partitions that the topic had when it was first relayed into; partitions added later are not used. */
const fixedPartitions = async (pool: Pool, service: string, present: number): Promise<number> => {
  const { rows } = await pool.query<{ partitions: number }>(
    `insert into relayed_topics as t (service, partitions) values ($1, $2)
     on conflict (service) do update set partitions = t.partitions returning partitions`,
    [service, present],
  );
  const fixed = rows[0]?.partitions ?? present;
  if (fixed > present)
    throw new Error(`the topic ${topicOf(service)} has ${present} partitions, but had ${fixed} before`);
  return fixed;
};

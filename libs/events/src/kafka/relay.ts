import type { Producer } from 'kafkajs';
import type { Pool } from 'pg';
import type { EventContract } from '../contract.ts';
import { type Leadership, pause, runAsLeader } from '../leader.ts';
import { LogSource } from '../source/log.source.ts';
import { toMessage } from './cloudevents.ts';
import { ensureTopic, kafkaClient, type KafkaOptions, topicOf } from './topic.ts';

export interface RelayOptions {
  readonly pool: Pool;
  /** The service whose log is sent; its schema has the same name. */
  readonly service: string;
  readonly contracts: readonly EventContract<never>[];
  readonly kafka: KafkaOptions;
  readonly onError: (error: unknown, what: string) => void;
}

/** Events a request to the broker. */
const BATCH = 500;
const AWAY_MS = 500;
const CHECKPOINT = 'kafka-relay';

/**
 * Sends a service's published events to its topic, in order. One process among all instances does; the checkpoint moves
 * after the broker has them all, so a crash sends some again and loses none: consumers skip what they have seen.
 */
export const startRelay = (options: RelayOptions): Leadership =>
  runAsLeader(
    options.pool,
    `keyledger:relay:${options.service}`,
    (signal) => relay(options, signal),
    (error) => options.onError(error, `the relay of ${options.service} could not lead`),
  );

const relay = async (options: RelayOptions, signal: AbortSignal): Promise<void> => {
  const { pool, service, contracts, kafka, onError } = options;
  const what = `the relay of ${service} could not go on`;
  const source = new LogSource(service, pool, contracts, (error) => onError(error, what));
  try {
    while (!signal.aborted) {
      // One request in flight: with more, a failed one could be overtaken.
      const producer = kafkaClient(kafka).producer({ idempotent: true, maxInFlightRequests: 1 });
      try {
        await ensureTopic(kafka, service);
        await producer.connect();
        await sendAll(options, source, producer, signal);
      } catch (error) {
        onError(error, what);
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
  source: LogSource,
  producer: Producer,
  signal: AbortSignal,
): Promise<void> => {
  let reached = await checkpoint(pool, service);
  while (!signal.aborted) {
    const batch = await source.next(() => reached, BATCH, signal);
    if (batch === undefined) return;
    if (batch.events.length > 0) {
      await producer.send({ topic: topicOf(service), acks: -1, messages: batch.events.map(toMessage) });
    }
    // Only upward: a leader that was presumed dead must not take its successor back.
    await pool.query(
      `insert into checkpoints as c values ($1, $2, 0, $3)
       on conflict (subscription, source, partition) do update set position = greatest(c.position, excluded.position)`,
      [CHECKPOINT, service, batch.position],
    );
    reached = batch.position;
  }
};

const checkpoint = async (pool: Pool, service: string): Promise<number> => {
  const { rows } = await pool.query<{ position: string }>(
    'select position from checkpoints where subscription = $1 and source = $2 and partition = 0',
    [CHECKPOINT, service],
  );
  return Number(rows[0]?.position ?? 0);
};

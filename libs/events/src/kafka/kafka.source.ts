import type { EachBatchPayload, KafkaMessage } from 'kafkajs';
import { Bell, ringingOnAbort } from '../bell.ts';
import type { PublishedEvent } from '../event.ts';
import { pause } from '../leader.ts';
import { type EventSource, LOG_PARTITION, type SourceBatch } from '../source.ts';
import { abortable } from './abortable.ts';
import { fromMessage } from './cloudevents.ts';
import { LazyOffsets } from './offsets.ts';
import { ensureTopic, kafkaClient, type KafkaOptions, messagesLeft, topicOf } from './topic.ts';

export interface KafkaSourceOptions {
  readonly kafka: KafkaOptions;
  /** The service whose events are read. */
  readonly service: string;
  /** Consumer group: instances that share it share the partitions. */
  readonly group: string;
  readonly onError: (error: unknown, what: string) => void;
}

const SESSION_MS = 10_000;
const AWAY_MS = 1_000;
/**
 * Time limit for the last offset commit when a source closes. Without that commit the next consumer starts a little earlier.
 */
const LAST_COMMIT_MS = 1_000;
/** The longest sleep. A new batch wakes the waiting loop earlier. */
const LONG_MS = 60_000;

/** A batch that was offered to the subscription, with its outcome. */
interface Offer {
  readonly batch: SourceBatch;
  settle(done: boolean): void;
}

/**
 * A service's topic as a source. kafkajs pushes batches, and the subscription pulls them: the source offers one batch at a
 * time and fetches the next one when it is done. This gives enough back-pressure. Offsets are committed some time after the
 * database transaction of the effect; the checkpoint skips events that are delivered again. A batch whose partition has moved
 * to another instance is withdrawn. If it is applied nevertheless, the lock on the checkpoint ensures that it is applied only
 * once.
 */
export class KafkaSource implements EventSource {
  readonly service: string;
  readonly #closing = new AbortController();
  readonly #bell = new Bell();
  readonly #what: string;
  #running: Promise<void> | undefined;
  #offer: Offer | undefined;

  constructor(private readonly options: KafkaSourceOptions) {
    this.service = options.service;
    this.#what = `the consumer ${options.group} could not go on`;
  }

  /** The broker limits the batch size: about a megabyte of events of one partition. */
  async next(
    _checkpoints: (partition: number) => number,
    _limit: number,
    signal: AbortSignal,
  ): Promise<SourceBatch | undefined> {
    this.#running ??= this.#run();
    return ringingOnAbort(this.#bell, signal, async () => {
      while (!signal.aborted && !this.#closing.signal.aborted) {
        if (this.#offer !== undefined) return this.#offer.batch;
        await this.#bell.wait(LONG_MS);
      }
      return undefined;
    });
  }

  elsewhere(): Promise<() => number> {
    return Promise.resolve(() => LOG_PARTITION);
  }

  async drained(): Promise<boolean> {
    return (await this.lag()) === 0;
  }

  /** Uses the offsets of the group. All of its instances share them, and they follow the checkpoints with a small delay. */
  async lag(): Promise<number> {
    const { kafka, service, group } = this.options;
    return messagesLeft(kafka, topicOf(service), group);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#bell.ring();
    this.#offer?.settle(false);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#consume(signal);
      } catch (error) {
        if (!signal.aborted) this.options.onError(error, this.#what);
      }
      await pause(AWAY_MS, signal);
    }
  }

  /** Consumes until the source closes or the consumer fails; after a failure, `#run` creates a new consumer. */
  async #consume(signal: AbortSignal): Promise<void> {
    const { kafka, service, group, onError } = this.options;
    const sessionTimeout = kafka.sessionTimeoutMs ?? SESSION_MS;
    const consumer = kafkaClient(kafka).consumer({
      groupId: group,
      sessionTimeout,
      rebalanceTimeout: 2 * sessionTimeout,
      heartbeatInterval: sessionTimeout / 10,
      maxWaitTimeInMs: 250,
      // The consumer notices a topic that was just created, or got more partitions, within this time.
      metadataMaxAge: 30_000,
      retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 5, restartOnFailure: () => Promise.resolve(false) },
    });
    const crashed = new Promise<never>((_, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    });
    // Avoids an unhandled rejection if the consumer crashes before this promise is awaited.
    crashed.catch(() => undefined);
    const offsets = new LazyOffsets(consumer, topicOf(service));
    try {
      await abortable(ensureTopic(kafka, service), signal);
      await abortable(consumer.connect(), signal);
      await consumer.subscribe({ topic: topicOf(service), fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        eachBatch: (payload) => this.#take(payload, offsets, sessionTimeout / 10),
      });
      await abortable(crashed, signal);
    } finally {
      this.#offer?.settle(false);
      offsets.stop();
      if (signal.aborted) await abortable(offsets.commit(), AbortSignal.timeout(LAST_COMMIT_MS)).catch(() => undefined);
      await consumer.disconnect().catch((error: unknown) => onError(error, this.#what));
    }
  }

  /** Offers a batch and sends heartbeats until the batch is done or the partition is assigned to another instance. */
  async #take(payload: EachBatchPayload, offsets: LazyOffsets, heartbeatMs: number): Promise<void> {
    const { batch } = payload;
    const last = batch.messages.at(-1);
    if (last === undefined) return;
    const { partition } = batch;
    const events = ascending(batch.messages.flatMap((message) => this.#read(message)));
    const position = events.at(-1)?.position ?? 0;
    const done = await new Promise<boolean>((resolve) => {
      const settle = (result: boolean): void => {
        clearInterval(beat);
        this.#offer = undefined;
        resolve(result);
      };
      const beat = setInterval(() => {
        if (!payload.isRunning() || payload.isStale()) settle(false);
        // A failed heartbeat means that the group is rebalancing. kafkajs handles that after this batch is released.
        else payload.heartbeat().catch(() => settle(false));
      }, heartbeatMs);
      const offered: SourceBatch = {
        partition,
        events,
        position,
        done: () => {
          settle(true);
          return Promise.resolve();
        },
      };
      this.#offer = { batch: offered, settle };
      this.#bell.ring();
    });
    if (!done) return;
    payload.resolveOffset(last.offset);
    offsets.passed(partition, last.offset);
  }

  /** Foreign messages in the topic must not block our own. */
  #read(message: KafkaMessage): PublishedEvent[] {
    try {
      return [fromMessage(message)];
    } catch (error) {
      this.options.onError(error, `${this.options.group} passes over a message`);
      return [];
    }
  }
}

/**
 * A relay that was killed sends some events again, but never sends an event for the first time after a later one of the log.
 */
const ascending = (events: readonly PublishedEvent[]): PublishedEvent[] => {
  let highest = 0;
  return events.filter(({ position }) => {
    const isNew = position > highest;
    if (isNew) highest = position;
    return isNew;
  });
};

import type { Consumer, EachBatchPayload } from 'kafkajs';
import { pause } from '../leader.ts';
import type { EventSource, SourceBatch } from '../source.ts';
import { fromMessage } from './cloudevents.ts';
import { ensureTopic, kafkaClient, type KafkaOptions, topicOf } from './topic.ts';

export interface KafkaSourceOptions {
  readonly kafka: KafkaOptions;
  /** The service whose events are read. */
  readonly service: string;
  /** Consumer group: instances that share it share the partitions. */
  readonly group: string;
  readonly onError: (error: unknown, what: string) => void;
}

/** How often the group is told that a batch is still being worked on, in milliseconds. */
const HEARTBEAT_MS = 1_000;
const AWAY_MS = 1_000;

/** A batch on its way to the subscription, and what becomes of it. */
interface Offer {
  readonly batch: SourceBatch;
  settle(done: boolean): void;
}

/**
 * A service's topic as a source. kafkajs pushes batches, the subscription pulls them: one batch is offered at a time and the
 * next is fetched when it is done, which is all the back-pressure there needs to be. Offsets are committed after the
 * database transaction of the effect; what is delivered again is skipped by the checkpoint.
 */
export class KafkaSource implements EventSource {
  readonly service: string;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  #offer: Offer | undefined;
  #arrived: () => void = () => undefined;

  constructor(private readonly options: KafkaSourceOptions) {
    this.service = options.service;
  }

  async next(
    _checkpoints: (partition: number) => number,
    _limit: number,
    signal: AbortSignal,
  ): Promise<SourceBatch | undefined> {
    this.#running ??= this.#run();
    while (!signal.aborted && !this.#closing.signal.aborted) {
      if (this.#offer !== undefined) return this.#offer.batch;
      const arrived = new AbortController();
      this.#arrived = () => arrived.abort();
      await pause(60_000, AbortSignal.any([arrived.signal, signal, this.#closing.signal]));
    }
    return undefined;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#offer?.settle(false);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    const { kafka, service, group, onError } = this.options;
    const what = `the consumer ${group} could not go on`;
    while (!signal.aborted) {
      const consumer = kafkaClient(kafka).consumer({
        groupId: group,
        sessionTimeout: 10_000,
        rebalanceTimeout: 20_000,
        heartbeatInterval: HEARTBEAT_MS,
        maxWaitTimeInMs: 250,
        retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 5 },
      });
      const crashed = new AbortController();
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        onError(payload.error, what);
        crashed.abort();
      });
      try {
        await ensureTopic(kafka, service);
        await consumer.connect();
        await consumer.subscribe({ topic: topicOf(service), fromBeginning: true });
        await consumer.run({
          autoCommit: false,
          eachBatchAutoResolve: false,
          eachBatch: (payload) => this.#take(payload, consumer),
        });
        await aborted(AbortSignal.any([signal, crashed.signal]));
      } catch (error) {
        onError(error, what);
      } finally {
        this.#offer?.settle(false);
        await consumer.disconnect().catch((error: unknown) => onError(error, what));
      }
      if (!signal.aborted) await pause(AWAY_MS, signal);
    }
  }

  /** Offers a batch and waits until it has been taken, heartbeating, or until the partition is somebody else's. */
  async #take(payload: EachBatchPayload, consumer: Consumer): Promise<void> {
    const { batch } = payload;
    if (batch.messages.length === 0) return;
    const { topic, partition } = batch;
    const events = batch.messages.map(fromMessage);
    const last = batch.messages.at(-1);
    const position = Math.max(...events.map((event) => event.position));
    if (last === undefined) return;
    const done = await new Promise<boolean>((settle) => {
      const beat = setInterval(() => {
        if (!payload.isRunning() || payload.isStale()) finish(false);
        else payload.heartbeat().catch(() => finish(false));
      }, HEARTBEAT_MS);
      const finish = (result: boolean): void => {
        clearInterval(beat);
        this.#offer = undefined;
        settle(result);
      };
      const offered: SourceBatch = { partition, events, position, done: () => Promise.resolve(finish(true)) };
      this.#offer = { batch: offered, settle: finish };
      this.#arrived();
    });
    if (!done) return;
    payload.resolveOffset(last.offset);
    await consumer.commitOffsets([{ topic, partition, offset: String(BigInt(last.offset) + 1n) }]);
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

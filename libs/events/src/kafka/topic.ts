import { Kafka, logLevel } from 'kafkajs';

export interface KafkaOptions {
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** Partitions of a new topic (default 6). */
  readonly partitions?: number;
  /** Copies of a new topic's data (default: the broker's own). */
  readonly replicas?: number;
}

export const topicOf = (service: string): string => `keyledger.${service}`;

export const kafkaClient = ({ brokers, clientId }: KafkaOptions): Kafka =>
  new Kafka({
    brokers: [...brokers],
    clientId,
    logLevel: logLevel.NOTHING,
    connectionTimeout: 3_000,
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 5 },
  });

/** Makes a service's topic unless it is there. */
export const ensureTopic = async (options: KafkaOptions, service: string): Promise<void> => {
  const admin = kafkaClient(options).admin();
  await admin.connect();
  try {
    const topic = topicOf(service);
    if ((await admin.listTopics()).includes(topic)) return;
    await admin.createTopics({
      waitForLeaders: true,
      topics: [{ topic, numPartitions: options.partitions ?? 6, replicationFactor: options.replicas ?? -1 }],
    });
  } finally {
    await admin.disconnect();
  }
};

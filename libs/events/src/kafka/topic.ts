import { type Admin, Kafka, logLevel } from 'kafkajs';

export interface KafkaOptions {
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** Partitions of a new topic (default 6). */
  readonly partitions?: number;
  /** Copies of a new topic's data (default: the broker's own). */
  readonly replicas?: number;
  /** How long a consumer may be silent before its partitions go to others, in milliseconds (default 10,000). */
  readonly sessionTimeoutMs?: number;
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

/**
 * Settings of a topic. It keeps events forever, so that a new subscriber can start from the first event. A stored message may
 * be larger than the limit for a request, because metadata is added.
 */
const TOPIC_SETTINGS = [
  { name: 'retention.ms', value: '-1' },
  { name: 'retention.bytes', value: '-1' },
  { name: 'cleanup.policy', value: 'delete' },
  { name: 'max.message.bytes', value: String(4 * 2 ** 20) },
];

/** Creates a service's topic unless it exists. @returns how many partitions it has */
export const ensureTopic = (options: KafkaOptions, service: string): Promise<number> =>
  ensureTopicNamed(options, topicOf(service));

/** As `ensureTopic`, for a topic of any name. */
export const ensureTopicNamed = async (options: KafkaOptions, topic: string): Promise<number> => {
  const admin = kafkaClient(options).admin();
  await admin.connect();
  try {
    if (!(await admin.listTopics()).includes(topic)) {
      // False when another process created it first, which is fine.
      await admin.createTopics({
        waitForLeaders: true,
        topics: [
          {
            topic,
            numPartitions: options.partitions ?? 6,
            replicationFactor: options.replicas ?? -1,
            configEntries: TOPIC_SETTINGS,
          },
        ],
      });
    }
    return await partitionsOf(admin, topic);
  } finally {
    await admin.disconnect();
  }
};

const partitionsOf = async (admin: Admin, topic: string): Promise<number> => {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  const count = topics[0]?.partitions.length ?? 0;
  if (count === 0) throw new Error(`the topic ${topic} has no partitions yet`);
  return count;
};

/** How many messages of a topic a consumer group has not processed yet. */
export const messagesLeft = async (options: KafkaOptions, topic: string, groupId: string): Promise<number> => {
  const admin = kafkaClient(options).admin();
  await admin.connect();
  try {
    const ends = await admin.fetchTopicOffsets(topic);
    const [group] = await admin.fetchOffsets({ groupId, topics: [topic] });
    const taken = new Map(group?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
    return ends
      .map(({ partition, low, high }) => Number(high) - Math.max(Number(low), taken.get(partition) ?? 0))
      .reduce((sum, left) => sum + Math.max(0, left), 0);
  } finally {
    await admin.disconnect();
  }
};

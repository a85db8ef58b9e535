import { Partitioners } from 'kafkajs';

const murmur2 = Partitioners.DefaultPartitioner();

/**
 * The partition of a subject, given the number of partitions. Uses Kafka's own murmur2 of the key, as every client does.
 * The relay passes the number of partitions that the topic had at first, so that subjects stay in the partition of their
 * checkpoints when the topic gets more partitions.
 */
export const partitionOf = (subject: string, partitions: number): number =>
  murmur2({
    topic: '',
    message: { key: subject, value: null },
    partitionMetadata: Array.from({ length: partitions }, (_, partitionId) => ({
      partitionErrorCode: 0,
      partitionId,
      leader: 0,
      replicas: [],
      isr: [],
    })),
  });

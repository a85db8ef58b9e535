import { Partitioners } from 'kafkajs';

const murmur2 = Partitioners.DefaultPartitioner();

/**
 * The partition of a subject among so many: Kafka's own murmur2 of the key, as every client chooses it.
 *
 * The relay asks for it with the number that the topic had at first, so that a topic which is given more partitions keeps
 * its subjects where their checkpoints are.
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

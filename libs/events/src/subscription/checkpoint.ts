import type { PoolClient } from 'pg';
import { type EventSource, LOG_PARTITION } from '../source.ts';

/** The owner of checkpoints: one subscription, for the events of one service. */
export interface CheckpointKey {
  readonly subscription: string;
  readonly source: string;
}

/** Position up to which each partition has had its effect. */
export type Positions = ReadonlyMap<number, number>;

/** Both are numbers of advisory locks, made of the names in the database so that they differ between schemas. */
const KEY = `hashtextextended(concat_ws('/', 'keyledger:checkpoint', current_schema(), $1::text, $2::text), 0)`;
const PARTITION_KEY = `hashtextextended(concat_ws('/', 'keyledger:checkpoint', current_schema(), $1::text, $2::text, $3::int), 0)`;

/**
 * Takes the lock on a partition until the transaction ends, so that no other transaction applies its events. A reader of the
 * log also excludes readers of the topic, as the log holds the events of all partitions. The connection is in pipeline mode.
 * @returns the subscription's checkpoint; it cannot change until the transaction ends
 */
export const lockCheckpoint = async (
  tx: PoolClient,
  { subscription, source }: CheckpointKey,
  partition: number,
): Promise<Positions> => {
  const locked = tx.query(
    partition === LOG_PARTITION
      ? { name: 'lock_log_checkpoint', text: `select pg_advisory_xact_lock(${KEY})`, values: [subscription, source] }
      : {
          name: 'lock_topic_checkpoint',
          text: `select pg_advisory_xact_lock_shared(${KEY}), pg_advisory_xact_lock(${PARTITION_KEY})`,
          values: [subscription, source, partition],
        },
  );
  // A statement of its own: it must see what was committed while the first one waited.
  const [, positions] = await Promise.all([locked, readPositions(tx, { subscription, source })]);
  return positions;
};

/**
 * Takes the lock on a source of the subscription until the transaction ends, so that no other transaction applies its events.
 */
export const lockSubscription = async (tx: PoolClient, { subscription, source }: CheckpointKey): Promise<void> => {
  await tx.query(`select pg_advisory_xact_lock(${KEY})`, [subscription, source]);
};

export const readPositions = async (
  client: Pick<PoolClient, 'query'>,
  { subscription, source }: CheckpointKey,
): Promise<Positions> => {
  const { rows } = await client.query<{ partition: number; position: string }>({
    name: 'read_checkpoints',
    text: 'select partition, position from checkpoints where subscription = $1 and source = $2',
    values: [subscription, source],
  });
  return new Map(rows.map(({ partition, position }) => [partition, Number(position)]));
};

/** Raises a checkpoint, never lowers it: an instance that was presumed dead must not reset its successor's checkpoint. */
export const moveCheckpoint = async (
  client: Pick<PoolClient, 'query'>,
  { subscription, source }: CheckpointKey,
  partition: number,
  position: number,
): Promise<void> => {
  await client.query({
    name: 'move_checkpoint',
    text: `insert into checkpoints as c (subscription, source, partition, position) values ($1, $2, $3, $4)
      on conflict (subscription, source, partition) do update set position = excluded.position
      where c.position < excluded.position`,
    values: [subscription, source, partition, position],
  });
};

/** Position up to which a subject's events have had their effect, over either transport. */
export type EffectiveUpTo = (partition: number, subject: string) => number;

export const effectiveUpTo = async (positions: Positions, source: EventSource): Promise<EffectiveUpTo> => {
  const at = (partition: number): number => positions.get(partition) ?? 0;
  // Everything was read from the log, so no batch needs a query for the partition of each subject.
  if ([...positions.keys()].every((partition) => partition === LOG_PARTITION)) return () => at(LOG_PARTITION);
  const elsewhere = await source.elsewhere();
  return (partition, subject) => Math.max(at(partition), at(elsewhere(subject) ?? partition));
};

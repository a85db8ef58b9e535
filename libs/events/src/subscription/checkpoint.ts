import type { PoolClient } from 'pg';
import { type EventSource, LOG_PARTITION } from '../source.ts';

/** Whose checkpoints: one subscription's, in the events of one service. */
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
 * Waits until nobody else applies events of this partition, and keeps it so until the transaction ends. Who reads the log
 * keeps out those who read the topic too, as the log holds the events of all its partitions. The connection is in pipeline mode.
 * @returns where the subscription stands; true for as long as the transaction lasts
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

/** Waits until nobody applies events of this source to the subscription, and keeps it so until the transaction ends. */
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

/** Moves a checkpoint, only ever upward: who was presumed dead must not take a successor back. */
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

/** Up to which position a subject's events have had their effect, by whichever transport they came. */
export type EffectiveUpTo = (partition: number, subject: string) => number;

export const effectiveUpTo = async (positions: Positions, source: EventSource): Promise<EffectiveUpTo> => {
  const at = (partition: number): number => positions.get(partition) ?? 0;
  // All was heard from the log, as far as it was heard of: nobody need be asked, at each batch, which partition is whose.
  if ([...positions.keys()].every((partition) => partition === LOG_PARTITION)) return () => at(LOG_PARTITION);
  const elsewhere = await source.elsewhere();
  return (partition, subject) => Math.max(at(partition), at(elsewhere(subject) ?? partition));
};

import { createHash } from 'node:crypto';
import { derivedIdAt } from '../../shared/id.ts';
import { type Time, toTime } from '../../shared/time.ts';
import type { Aggregation } from '../price/price.terms.ts';
import { isFinalNumber, type MeteredSlice } from './metered-slice.ts';

/** A record of usage. */
export interface MeteredRecord {
  /** Its version in the stream of usage. */
  readonly version: number;
  readonly at: Time;
  readonly quantity: number;
}

/** Records of one slice. */
export interface Tally {
  readonly slice: MeteredSlice;
  /** null for a final number: it is counted when it is reported. */
  readonly quantity: bigint | null;
  /** The time and the versions of its records. */
  readonly last_at: Time;
  readonly first_version: number;
  readonly last_version: number;
}

/** A delta of the same slice that exists already. */
export interface KnownDelta {
  readonly id: string;
  readonly quantity: bigint | null;
  readonly last_at: Time;
  readonly last_version: number;
  /** It was handed out to be reported: it stays as it is. */
  readonly taken: boolean;
}

/** What records change: a delta grows, or a new one begins. */
export type DeltaChange =
  | ({ readonly type: 'grow'; readonly id: string } & Pick<Tally, 'quantity' | 'last_at' | 'last_version'>)
  | { readonly type: 'begin'; readonly ready_at: Time };

/** @param records at least one, of one slice, in the order of their versions */
export const tallied = (aggregation: Aggregation, slice: MeteredSlice, records: readonly MeteredRecord[]): Tally => {
  const latest = records.reduce((found, record) => (record.at >= found.at ? record : found));
  return {
    slice,
    quantity: quantityOf(aggregation, records, latest),
    last_at: latest.at,
    first_version: Math.min(...records.map(({ version }) => version)),
    last_version: Math.max(...records.map(({ version }) => version)),
  };
};

const quantityOf = (
  aggregation: Aggregation,
  records: readonly MeteredRecord[],
  latest: MeteredRecord,
): bigint | null => {
  switch (aggregation) {
    case 'sum':
      return records.reduce((sum, { quantity }) => sum + BigInt(quantity), 0n);
    case 'count':
      return BigInt(records.length);
    case 'latest':
      return BigInt(latest.quantity);
    case 'max':
    case 'unique':
      return null;
    default:
      return aggregation satisfies never;
  }
};

/**
 * What records of a slice do to its deltas. A delta that was handed out never changes: later records are in a delta of their own.
 * @param known the deltas of the slice
 * @param newest the newest slice of the period of which there is a delta
 * @param late_ms how long usage may be recorded after its period
 */
export const deltaChange = (
  aggregation: Aggregation,
  tally: Tally,
  known: readonly KnownDelta[],
  newest: Time | undefined,
  late_ms: number,
): DeltaChange | undefined => {
  const { slice, last_at, last_version } = tally;
  // A meter keeps the last value, so an older one must not come after it.
  const isOld = newest !== undefined && newest > slice.collects;
  if (aggregation === 'latest' && (isOld || known.some((one) => one.last_at > last_at))) return undefined;
  const open = known.find(({ taken }) => !taken);
  if (open !== undefined) {
    const adds = aggregation === 'sum' || aggregation === 'count';
    const quantity = adds ? (open.quantity ?? 0n) + (tally.quantity ?? 0n) : tally.quantity;
    return {
      type: 'grow',
      id: open.id,
      quantity,
      last_at: last_at > open.last_at ? last_at : open.last_at,
      last_version,
    };
  }
  // A correction of a final number waits until no more usage can be recorded, so that there is only one.
  const isCorrection = isFinalNumber(aggregation) && known.length > 0;
  return { type: 'begin', ready_at: isCorrection ? toTime(Date.parse(slice.ready_at) + late_ms) : slice.ready_at };
};

/** The id of a delta, by its first record: the same usage always has the same id, and ids sort by the time of the usage. */
export const deltaId = (license_id: string, feature: string, { slice, first_version }: Tally): string => {
  const hash = createHash('sha256').update(`${license_id}/${feature}/${first_version}/${slice.collects}`).digest();
  return derivedIdAt('mtr', Math.max(0, Date.parse(slice.collects)), hash);
};

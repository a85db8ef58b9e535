/**
 * How long attempts took, counted in buckets of which each ends a fifth above the one before: from a millisecond to a minute and a
 * half in 64 numbers, and no percentile is off by more than that. Counts of any times and places add up.
 */
export const BUCKETS = 64;
const GROWTH = 1.2;

/** The bucket that takes in a duration in milliseconds. */
export const bucketOf = (milliseconds: number): number =>
  milliseconds <= 1 ? 0 : Math.min(BUCKETS - 1, Math.ceil(Math.log(milliseconds) / Math.log(GROWTH)));

/** Where a bucket begins and ends, in milliseconds. */
const boundsOf = (bucket: number): readonly [number, number] =>
  bucket === 0 ? [0, 1] : [GROWTH ** (bucket - 1), GROWTH ** bucket];

/**
 * The duration that a share of all does not exceed, as if durations were spread evenly within their bucket.
 * @param share 0.99 for p99
 * @returns milliseconds; null when nothing was counted
 */
export const percentile = (counts: readonly number[], share: number): number | null => {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const rank = share * total;
  let below = 0;
  for (const [bucket, count] of counts.entries()) {
    if (count > 0 && below + count >= rank) {
      const [from, to] = boundsOf(bucket);
      return Math.round((from + ((rank - below) / count) * (to - from)) * 10) / 10;
    }
    below += count;
  }
  return Math.round(boundsOf(BUCKETS - 1)[1]);
};

export const sumOf = (all: readonly (readonly number[])[]): number[] =>
  Array.from({ length: BUCKETS }, (_, bucket) => all.reduce((sum, counts) => sum + (counts[bucket] ?? 0), 0));

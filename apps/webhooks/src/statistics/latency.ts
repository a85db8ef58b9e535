/**
 * Durations of attempts, counted in 64 buckets, each of which ends a fifth above the one before: from one millisecond to a minute and a
 * half. A percentile is right to within a fifth. Counts of different hours and processes can be added.
 */
export const BUCKETS = 64;
const GROWTH = 1.2;

/** The bucket of a duration in milliseconds. */
export const bucketOf = (milliseconds: number): number =>
  milliseconds <= 1 ? 0 : Math.min(BUCKETS - 1, Math.ceil(Math.log(milliseconds) / Math.log(GROWTH)));

/** Start and end of a bucket, in milliseconds. */
const boundsOf = (bucket: number): readonly [number, number] =>
  bucket === 0 ? [0, 1] : [GROWTH ** (bucket - 1), GROWTH ** bucket];

/**
 * A percentile, assuming that durations are spread evenly within their bucket.
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

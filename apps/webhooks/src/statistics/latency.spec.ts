import fc from 'fast-check';
import { BUCKETS, bucketOf, percentile, sumOf } from './latency.ts';

const counted = (durations: readonly number[]): number[] => {
  const counts = new Array<number>(BUCKETS).fill(0);
  for (const duration of durations) counts[bucketOf(duration)] = (counts[bucketOf(duration)] ?? 0) + 1;
  return counts;
};

describe('percentiles of durations that were only counted', () => {
  it('are off by a fifth at most', () => {
    const durations = fc.array(fc.integer({ min: 2, max: 60_000 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(durations, fc.constantFrom(0.5, 0.95, 0.99), (all, share) => {
        const true_one = [...all].sort((a, b) => a - b)[Math.ceil(share * all.length) - 1] ?? 0;
        const found = percentile(counted(all), share) ?? 0;
        expect(found).toBeLessThanOrEqual(true_one * 1.2 + 0.1);
        expect(found).toBeGreaterThanOrEqual(true_one / 1.2 - 0.1);
      }),
    );
  });

  it('are none of nothing, and of several counts together those of all', () => {
    expect(percentile(counted([]), 0.5)).toBeNull();
    expect(sumOf([counted([5, 900]), counted([5])])).toEqual(counted([5, 5, 900]));
  });

  it('have a place for whatever takes longer than any', () => {
    expect(percentile(counted([10_000_000]), 0.5)).toBeGreaterThan(60_000);
  });
});

import { addDuration } from './duration.ts';

const add = (time: string, duration: string): string | undefined =>
  addDuration(new Date(time), duration)?.toISOString();

describe('a duration ahead', () => {
  it.each([
    ['2026-01-31T10:00:00.000Z', 'P1M', '2026-02-28T10:00:00.000Z'],
    ['2028-01-31T10:00:00.000Z', 'P1M', '2028-02-29T10:00:00.000Z'],
    ['2028-02-29T10:00:00.000Z', 'P1Y', '2029-02-28T10:00:00.000Z'],
    ['2026-03-28T23:30:00.000Z', 'P1D', '2026-03-29T23:30:00.000Z'],
    ['2026-01-01T00:00:00.000Z', 'P1Y2M3W4DT5H6M7.5S', '2027-03-26T05:06:07.500Z'],
    ['2026-01-01T00:00:00.000Z', 'P0D', '2026-01-01T00:00:00.000Z'],
  ])('of %s by %s is %s', (time, duration, expected) => {
    expect(add(time, duration)).toBe(expected);
  });

  it.each(['', 'P', 'P1', '1M', '-P1D', 'P1.5M', 'P9000Y', 'P999999999999999D'])('is none by %j', (duration) => {
    expect(add('2026-01-31T10:00:00.000Z', duration)).toBeUndefined();
  });
});

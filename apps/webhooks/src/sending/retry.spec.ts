import { parseRetryAfter, pauseAfter } from './retry.ts';
import { defaultSettings } from './settings.ts';

const DAY_MS = 24 * 3_600_000;

describe('the retry schedule', () => {
  it('is that of Standard Webhooks: nine pauses of 75 hours in total, then no more', () => {
    const pauses = defaultSettings.ladder.map((_, n) =>
      pauseAfter(n + 1, undefined, { ...defaultSettings, jitter: 0 }),
    );
    expect(pauses).toEqual(defaultSettings.ladder);
    expect(defaultSettings.ladder.reduce((sum, one) => sum + one)).toBeCloseTo(75.6 * 3_600_000, -6);
    expect(pauseAfter(10, undefined, defaultSettings)).toBeUndefined();
  });

  it('varies by a fifth', () => {
    expect(pauseAfter(1, undefined, defaultSettings, () => 0)).toBe(4_000);
    expect(pauseAfter(1, undefined, defaultSettings, () => 1)).toBe(6_000);
  });

  it('follows Retry-After, but never less than its pause and never more than a day', () => {
    const steady = { ...defaultSettings, jitter: 0 };
    expect(pauseAfter(1, 60_000, steady)).toBe(60_000);
    expect(pauseAfter(1, 1_000, steady)).toBe(5_000);
    expect(pauseAfter(1, 90 * DAY_MS, steady)).toBe(DAY_MS);
  });
});

describe('Retry-After', () => {
  const now = Date.parse('2026-11-21T10:00:00Z');
  it.each([
    ['120', 120_000],
    ['Sat, 21 Nov 2026 10:01:00 GMT', 60_000],
    ['Sat, 21 Nov 2026 09:00:00 GMT', 0],
    ['soon', undefined],
    [undefined, undefined],
  ])('%s is %s ms', (header, milliseconds) => {
    expect(parseRetryAfter(header, now)).toBe(milliseconds);
  });
});

import { grantedTime } from './granted-time.ts';

const NOW = new Date('2026-01-31T09:00:00.000Z');

describe('the duration of a grant', () => {
  it.each([
    ['P12M', '2027-01-31T09:00:00.000Z'],
    ['P1M', '2026-02-28T09:00:00.000Z'],
    ['P1Y2M10DT2H30M', '2027-04-10T11:30:00.000Z'],
    ['PT1S', '2026-01-31T09:00:01.000Z'],
    ['P100Y', '2126-01-31T09:00:00.000Z'],
  ])('%s ends at %s', (duration, end) => {
    expect(grantedTime(duration, NOW)(NOW.toISOString())).toBe(end);
  });

  it.each([
    '',
    '12',
    'P',
    'P0D',
    'PT0S',
    '-P1M',
    'P1M-1D',
    'PT0.0001S',
    'P100Y1D',
    'P1201M',
    'P99999999Y',
    '12 months',
  ])('%p is refused', (duration) => {
    expect(() => grantedTime(duration, NOW)).toThrow(expect.objectContaining({ code: 'INVALID_DURATION' }) as Error);
  });

  it('is refused if it ends after the year 9999', () => {
    const add = grantedTime('P100Y', NOW);
    expect(() => add('9900-01-01T00:00:00.000Z')).toThrow(
      expect.objectContaining({ code: 'INVALID_DURATION' }) as Error,
    );
  });
});

import fc from 'fast-check';
import { type Interval, type IntervalUnit, periodBoundary, periodIndex } from './calendar.ts';
import { addDays, DAY_MS, type Time } from './time.ts';

const interval = (unit: IntervalUnit, count = 1): Interval => ({ unit, count });

describe('period boundaries', () => {
  it.each<[Time, Interval, readonly Time[]]>([
    [
      '2026-12-31T00:00:00.000Z',
      interval('month'),
      ['2026-12-31T00:00:00.000Z', '2027-01-31T00:00:00.000Z', '2027-02-28T00:00:00.000Z', '2027-03-31T00:00:00.000Z'],
    ],
    [
      '2028-02-29T10:00:00.000Z',
      interval('year'),
      ['2028-02-29T10:00:00.000Z', '2029-02-28T10:00:00.000Z', '2030-02-28T10:00:00.000Z', '2031-02-28T10:00:00.000Z'],
    ],
    [
      '2026-11-30T23:59:59.999Z',
      interval('month', 3),
      ['2026-11-30T23:59:59.999Z', '2027-02-28T23:59:59.999Z', '2027-05-30T23:59:59.999Z', '2027-08-30T23:59:59.999Z'],
    ],
    [
      '2028-02-28T10:00:00.001Z',
      interval('day'),
      ['2028-02-28T10:00:00.001Z', '2028-02-29T10:00:00.001Z', '2028-03-01T10:00:00.001Z'],
    ],
    ['2026-12-28T10:00:00.000Z', interval('week', 2), ['2026-12-28T10:00:00.000Z', '2027-01-11T10:00:00.000Z']],
    ['2026-12-31T23:30:00.000Z', interval('hour'), ['2026-12-31T23:30:00.000Z', '2027-01-01T00:30:00.000Z']],
  ])('from %s every %p are %p', (anchor, every, expected) => {
    expect(expected.map((_, n) => periodBoundary(anchor, every, n))).toEqual(expected);
  });

  it('reach back before the anchor', () => {
    expect(periodBoundary('2027-03-31T00:00:00.000Z', interval('month'), -1)).toBe('2027-02-28T00:00:00.000Z');
    expect(periodIndex('2027-03-31T00:00:00.000Z', interval('month'), '2027-02-28T00:00:00.000Z')).toBe(-1);
    expect(periodIndex('2027-03-31T00:00:00.000Z', interval('month'), '2027-02-27T23:59:59.999Z')).toBe(-2);
  });

  it('end with the year 9999', () => {
    expect(periodBoundary('9999-12-15T00:00:00.000Z', interval('month'), 1)).toBe('9999-12-31T23:59:59.999Z');
    expect(addDays('9999-12-31T00:00:00.000Z', 7)).toBe('9999-12-31T23:59:59.999Z');
  });
});

describe('period boundaries over 30 years', () => {
  const YEARS = 30;
  /** The largest number of intervals in 30 years. */
  const most = ({ unit, count }: Interval): number =>
    Math.floor((YEARS * { hour: 8_766, day: 365, week: 52, month: 12, year: 1 }[unit]) / count);

  /** Anchors on any day of the month, so that each day is tried often, in a leap year or in the year before one. */
  const anchors = fc
    .record({
      year: fc.constantFrom(2027, 2028),
      month: fc.integer({ min: 0, max: 11 }),
      day: fc.integer({ min: 1, max: 31 }),
      time: fc.integer({ min: 0, max: DAY_MS - 1 }),
    })
    .map(({ year, month, day, time }) => new Date(Date.UTC(year, month, day) + time).toISOString());
  const intervals = fc.record({
    unit: fc.constantFrom<IntervalUnit>('hour', 'day', 'week', 'month', 'year'),
    count: fc.integer({ min: 1, max: 12 }),
  });
  const cases = fc
    .record({ anchor: anchors, every: intervals, part: fc.double({ min: 0, max: 1, noNaN: true }) })
    .map(({ anchor, every, part }) => ({ anchor, every, n: Math.round(part * most(every)) }));

  /** The same by the calendar of JavaScript's Date, an independent implementation. */
  const stepped = (anchor: Time, { unit, count }: Interval, n: number): Time => {
    const start = new Date(anchor);
    const [year, month, day] = [start.getUTCFullYear(), start.getUTCMonth(), start.getUTCDate()];
    const time = anchor.slice(10);
    const text = (date: Date): Time => `${date.toISOString().slice(0, 10)}${time}`;
    if (unit === 'month' || unit === 'year') {
      const first = new Date(Date.UTC(year, month + n * count * (unit === 'year' ? 12 : 1), 1));
      const last = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
      return text(new Date(first.setUTCDate(Math.min(day, last))));
    }
    if (unit === 'hour') return new Date(start.setUTCHours(start.getUTCHours() + n * count)).toISOString();
    return text(new Date(Date.UTC(year, month, day + n * count * (unit === 'week' ? 7 : 1))));
  };

  it('are what the calendar says, to the millisecond', () => {
    fc.assert(
      fc.property(cases, ({ anchor, every, n }) => {
        expect(periodBoundary(anchor, every, n)).toBe(stepped(anchor, every, n));
      }),
      { numRuns: 20_000 },
    );
  });

  it('from each day of the month keep the day, or take the last day of a shorter month', () => {
    for (const unit of ['month', 'year'] as const)
      for (let day = 1; day <= 31; day++) {
        const anchor = `2027-01-${String(day).padStart(2, '0')}T12:34:56.789Z`;
        const boundaries = Array.from({ length: most(interval(unit)) }, (_, n) =>
          periodBoundary(anchor, interval(unit), n),
        );
        const clamped = boundaries.map((boundary) => {
          const [year = 0, month = 0] = boundary.split('-').map(Number);
          const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
          return `${boundary.slice(0, 8)}${String(Math.min(day, last)).padStart(2, '0')}T12:34:56.789Z`;
        });
        expect(boundaries).toEqual(clamped);
      }
  });

  it('rise, and each period holds the times between its two boundaries', () => {
    fc.assert(
      fc.property(cases, fc.double({ min: 0, max: 1, noNaN: true }), ({ anchor, every, n }, part) => {
        const [start, end] = [periodBoundary(anchor, every, n), periodBoundary(anchor, every, n + 1)];
        expect(start < end).toBe(true);
        const last = Date.parse(end) - 1;
        const within = Math.round(Date.parse(start) + part * (last - Date.parse(start)));
        const times = [Date.parse(start), within, last].map((time) => new Date(time).toISOString());
        expect(times.map((time) => periodIndex(anchor, every, time))).toEqual([n, n, n]);
      }),
      { numRuns: 10_000 },
    );
  });
});

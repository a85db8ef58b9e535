import fc from 'fast-check';
import { utcTime } from './utc-time.ts';

const FIRST = Date.parse('0001-01-02T00:00:00.000Z');
const LAST = Date.parse('9999-12-30T23:59:59.999Z');
const kept = fc.integer({ min: FIRST, max: LAST }).map((at) => new Date(at).toISOString());
/** Minutes from UTC, within ±23:59. */
const offset = fc.integer({ min: -1439, max: 1439 });

/** The same moment as a clock at this offset shows it. */
const at = (time: string, minutes: number): string => {
  const local = new Date(Date.parse(time) + minutes * 60_000).toISOString().slice(0, -1);
  const two = (n: number): string => String(n).padStart(2, '0');
  const size = Math.abs(minutes);
  return `${local}${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
};

describe('a time of RFC 3339', () => {
  it('is the same moment in UTC, whatever its offset', () => {
    fc.assert(fc.property(kept, offset, (time, minutes) => expect(utcTime(at(time, minutes))).toBe(time)));
  });

  it('keeps the form that it is kept in', () => {
    fc.assert(fc.property(kept, (time) => expect(utcTime(time)).toBe(time)));
  });

  it('loses what is finer than a millisecond, and never moves forward', () => {
    fc.assert(
      fc.property(kept, fc.stringMatching(/^\d{1,20}$/), (time, digits) =>
        expect(utcTime(`${time.slice(0, -1)}${digits}Z`)).toBe(time),
      ),
    );
  });

  it.each([
    ['2031-01-01T02:00:00+02:00', '2031-01-01T00:00:00.000Z'],
    ['2030-12-31T18:30:00.5-05:30', '2031-01-01T00:00:00.500Z'],
    ['2031-01-01t00:00:00z', '2031-01-01T00:00:00.000Z'],
    ['2031-01-01T00:00:00-00:00', '2031-01-01T00:00:00.000Z'],
    ['2028-02-29T23:30:00-01:00', '2028-03-01T00:30:00.000Z'],
    ['1990-12-31T23:59:60Z', '1991-01-01T00:00:00.000Z'],
    ['1990-12-31T15:59:60.9-08:00', '1991-01-01T00:00:00.900Z'],
    ['2031-01-01T00:00:00.9999999Z', '2031-01-01T00:00:00.999Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59.000Z'],
  ])('%s is %s', (text, utc) => {
    expect(utcTime(text)).toBe(utc);
  });

  it.each([
    '2031-01-01T24:00:00Z',
    '2031-01-01T00:60:00Z',
    '2031-01-01T00:00:61Z',
    '2031-06-15T12:34:60Z',
    '2031-01-01T23:59:60Z',
    '2031-01-01T00:00:00+24:00',
    '2031-01-01T00:00:00+01:60',
    '2031-01-01T00:00:00+0100',
    '2031-01-01T00:00:00 01:00',
    '2031-01-01T00:00:00',
    '2031-01-01T00:00Z',
    '2031-01-01 00:00:00Z',
    '2031-01-01',
    '2031-01-01T00:00:00.Z',
    '2031-01-01T00:00:00,5Z',
    '2031-02-29T00:00:00Z',
    '2031-02-29T00:00:00.000Z',
    '2031-04-31T00:00:00+01:00',
    '2031-13-01T00:00:00Z',
    '2031-01-00T00:00:00Z',
    '0000-01-01T00:00:00.000Z',
    '0001-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-00:01',
    '-002031-01-01T00:00:00Z',
    '+012031-01-01T00:00:00Z',
    ' 2031-01-01T00:00:00Z',
    '2031-01-01T00:00:00Z\n',
    '٢٠٣١-01-01T00:00:00Z',
    '',
  ])('is not %j', (text) => {
    expect(utcTime(text)).toBeUndefined();
  });
});

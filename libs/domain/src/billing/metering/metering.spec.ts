import type { Aggregation } from '../price/price.terms.ts';
import { deltaChange, deltaId, type KnownDelta, type MeteredRecord, tallied } from './metered-delta.ts';
import { meteredPeriod, meteredSlice, type MeteredSlice } from './metered-slice.ts';
import { afterFailure, MOST_ATTEMPTS } from './reporting.ts';

/** Three days. */
const LATE_MS = 259_200_000;
const JANUARY = { start: '2027-01-01T00:00:00.000Z', end: '2027-02-01T00:00:00.000Z' };
const FOREVER = { start: '1970-01-01T00:00:00.000Z', end: null };

const sliceOf = (aggregation: Aggregation, at: string, period: { start: string; end: string | null } = JANUARY) =>
  meteredSlice(aggregation, at, period);

describe('the period of metered usage', () => {
  const of = {
    period: { start: '2027-02-28T09:00:00.000Z', end: '2027-03-31T09:00:00.000Z' },
    billing_anchor: '2027-01-31T09:00:00.000Z',
    interval: { unit: 'month', count: 1 },
  } as const;

  it.each([
    ['the present one', '2027-03-31T08:59:59.999Z', of.period],
    ['an earlier one', '2027-02-01T00:00:00.000Z', { start: of.billing_anchor, end: of.period.start }],
    ['the next one', '2027-03-31T09:00:00.000Z', { start: of.period.end, end: '2027-04-30T09:00:00.000Z' }],
  ])('is %s', (_, at, period) => {
    expect(meteredPeriod(of, at, FOREVER)).toEqual(period);
  });

  it('is the period of the quota without an interval', () => {
    expect(meteredPeriod({ ...of, interval: null }, '2027-02-01T00:00:00.000Z', JANUARY)).toEqual(JANUARY);
  });
});

describe('a slice of usage', () => {
  it.each(['sum', 'count', 'latest'] as const)('is a minute: %s', (aggregation) => {
    expect(sliceOf(aggregation, '2027-01-05T10:20:30.400Z')).toEqual({
      collects: '2027-01-05T10:20:00.000Z',
      from: '2027-01-05T10:20:00.000Z',
      ready_at: '2027-01-05T10:21:00.000Z',
      period: JANUARY,
    });
  });

  it('is reported in its period, even if that begins within the minute', () => {
    const period = { start: '2027-01-05T10:20:10.000Z', end: null };
    expect(sliceOf('sum', '2027-01-05T10:20:30.400Z', period)).toMatchObject({
      collects: '2027-01-05T10:20:00.000Z',
      from: '2027-01-05T10:21:00.000Z',
    });
  });

  it.each(['max', 'unique'] as const)('is a period: %s', (aggregation) => {
    expect(sliceOf(aggregation, '2027-01-05T10:20:30.400Z')).toEqual({
      collects: JANUARY.start,
      from: '2027-01-31T23:00:00.000Z',
      ready_at: JANUARY.end,
      period: JANUARY,
    });
    expect(sliceOf(aggregation, '2027-01-05T10:20:30.400Z', FOREVER)).toBeUndefined();
  });
});

describe('deltas', () => {
  const minute = sliceOf('sum', '2027-01-05T10:20:00.000Z') as MeteredSlice;
  const period = sliceOf('max', '2027-01-05T10:20:00.000Z') as MeteredSlice;
  const records: readonly MeteredRecord[] = [
    { version: 4, at: '2027-01-05T10:20:59.000Z', quantity: 7 },
    { version: 6, at: '2027-01-05T10:20:10.000Z', quantity: 5 },
  ];
  const known = (over: Partial<KnownDelta> = {}): KnownDelta => ({
    id: 'mtr_1',
    quantity: 10n,
    last_at: '2027-01-05T10:20:30.000Z',
    last_version: 3,
    taken: false,
    ...over,
  });
  const change = (aggregation: Aggregation, deltas: readonly KnownDelta[], newest?: string) =>
    deltaChange(
      aggregation,
      tallied(aggregation, aggregation === 'max' ? period : minute, records),
      deltas,
      newest,
      LATE_MS,
    );

  it.each([
    ['sum', 12n],
    ['count', 2n],
    ['latest', 7n],
    ['max', null],
    ['unique', null],
  ] as const)('hold the value of their records: %s', (aggregation, quantity) => {
    expect(tallied(aggregation, minute, records)).toMatchObject({ quantity, first_version: 4, last_version: 6 });
  });

  it('grow until they are handed out', () => {
    expect(change('sum', [known()])).toMatchObject({ type: 'grow', id: 'mtr_1', quantity: 22n, last_version: 6 });
    expect(change('count', [known()])).toMatchObject({ type: 'grow', quantity: 12n });
    expect(change('sum', [known({ taken: true })])).toEqual({ type: 'begin', ready_at: minute.ready_at });
  });

  it('of last values are never followed by an older one', () => {
    expect(change('latest', [known()])).toMatchObject({ type: 'grow', quantity: 7n });
    expect(change('latest', [known({ last_at: '2027-01-05T10:20:59.500Z' })])).toBeUndefined();
    expect(change('latest', [], '2027-01-05T10:21:00.000Z')).toBeUndefined();
    expect(change('latest', [], '2027-01-05T10:19:00.000Z')).toMatchObject({ type: 'begin' });
  });

  it('of final numbers begin once, and once more for late usage', () => {
    expect(change('max', [])).toEqual({ type: 'begin', ready_at: JANUARY.end });
    expect(change('max', [known({ quantity: null })])).toMatchObject({ type: 'grow', quantity: null });
    expect(change('max', [known({ taken: true })])).toEqual({ type: 'begin', ready_at: '2027-02-04T00:00:00.000Z' });
  });

  it('have ids that derive from their usage', () => {
    const id = deltaId('lic_1', 'requests', tallied('sum', minute, records));
    expect(id).toMatch(/^mtr_[0-9a-z]{26}$/);
    expect(deltaId('lic_1', 'requests', tallied('sum', minute, records))).toBe(id);
    expect(deltaId('lic_2', 'requests', tallied('sum', minute, records))).not.toBe(id);
    expect(deltaId('lic_1', 'requests', tallied('sum', minute, records.slice(1)))).not.toBe(id);
  });
});

describe('a failed report', () => {
  it('is tried again later and later, and is dead in the end', () => {
    const at = '2027-01-05T10:00:00.000Z';
    expect(afterFailure(1, at)).toEqual({ status: 'failed', next_attempt_at: '2027-01-05T10:01:00.000Z' });
    expect(afterFailure(2, at)).toEqual({ status: 'failed', next_attempt_at: '2027-01-05T10:02:00.000Z' });
    expect(afterFailure(MOST_ATTEMPTS - 1, at)).toEqual({
      status: 'failed',
      next_attempt_at: '2027-01-05T11:00:00.000Z',
    });
    expect(afterFailure(MOST_ATTEMPTS, at)).toEqual({ status: 'dead', next_attempt_at: null });
  });
});

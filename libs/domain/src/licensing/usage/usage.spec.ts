import fc from 'fast-check';
import type { EffectiveEntitlements } from '../entitlements/effective.ts';
import { effectiveEntitlements } from '../entitlements/effective.ts';
import { entitlement, type Overage, type QuotaPeriod } from '../entitlements/entitlement.ts';
import type { License } from '../license/license.ts';
import type { Plan } from '../license/on-license.ts';
import { type Refusal } from '../../shared/refusal.ts';
import { addDays } from '../../shared/time.ts';
import { periodOf } from './period.ts';
import { allowanceOf, leftOf, type Quota } from './quota.ts';
import { type OnFeature, recordUsage, resetUsage, type UsageRecord } from './usage.commands.ts';
import { KEPT_WINDOWS, usageStream, type UsageState, windowOf } from './usage.ts';

const NOW = '2026-11-21T09:30:00.000Z';
const HOUR_MS = 3_600_000;

const granting = (
  value: number | null,
  over: { period?: QuotaPeriod; overage?: Overage } = {},
): EffectiveEntitlements => {
  const { period: quota_period = 'monthly', overage = 'none' } = over;
  const calls = entitlement({ feature: 'calls', value_type: 'quota', value, quota_period, overage });
  return effectiveEntitlements([calls, entitlement({ feature: 'flag', value_type: 'bool', value: true })], [], []);
};

// Only the fields of the license and its plan that decide whether usage is allowed.
const license = {
  status: 'active',
  resumes_as: 'active',
  product_id: 'prod_1',
  valid_from: '2026-01-01T00:00:00.000Z',
  valid_until: null,
} as unknown as License;
const plan = { grace_days: 0 } as unknown as Plan;
const on = (entitlements: EffectiveEntitlements, over: Partial<OnFeature> = {}): OnFeature => ({
  license_id: 'lic_1',
  license,
  plan,
  product_type: 'desktop',
  entitlements,
  feature: 'calls',
  now: NOW,
  ...over,
});

type Wanted = number | (Partial<UsageRecord> & { quantity: number });
const record = (wanted: Wanted): UsageRecord => ({
  occurred_at: NOW,
  metadata: null,
  idempotency_key: null,
  ...(typeof wanted === 'number' ? { quantity: wanted } : wanted),
});
const use = (command: OnFeature, records: readonly Wanted[], before: UsageState = usageStream.initialState) => {
  const { outcomes, events } = recordUsage(command, records.map(record), before);
  const state = events.reduce(usageStream.evolve, before);
  return { outcomes, events, state, types: events.map(({ type }) => type) };
};
const accepted = (outcomes: readonly unknown[]): boolean[] =>
  outcomes.map((outcome) => (outcome as { accepted?: boolean }).accepted === true);

describe('usage', () => {
  it('is counted up to exactly the limit; a record that would exceed it is refused whole', () => {
    const { outcomes } = use(on(granting(10)), [9, 2, 1, 1]);
    expect(outcomes).toMatchObject([
      { accepted: true, used: 9n },
      { accepted: false, used: 9n },
      { accepted: true, used: 10n },
      { accepted: false, used: 10n },
    ]);
  });

  it('sends one warning at four fifths of the limit, and one notice that it was exceeded', () => {
    expect(use(on(granting(10)), [7, 1, 2, 1, 1, 1]).types).toEqual([
      'usage.recorded',
      'usage.recorded',
      'quota.warning',
      'usage.recorded',
      'quota.exceeded',
    ]);
  });

  it('sends warning and exceeded once for each raised limit of a period', () => {
    const limits = [10, 10, 20, 20, 10, 20, null, 15, 20, 40, 40];
    let state = usageStream.initialState;
    const notices = limits.map((limit, n) => {
      // Fills up to the present limit (8 of 10, 18 of 20 ...), then asks for more than the limit.
      const { used } = windowOf(state, periodOf('monthly', NOW));
      const rest = Math.max(1, Math.ceil((limit ?? 0) * 0.9) - Number(used));
      const step = use(on(granting(limit)), [n === 0 ? 9 : rest, limit ?? 1], state);
      state = step.state;
      return step.events.flatMap((event) => ('limit' in event ? [[event.type, event.limit]] : []));
    });
    expect(notices).toEqual([
      [
        ['quota.warning', 10],
        ['quota.exceeded', 10],
      ],
      [],
      [
        ['quota.warning', 20],
        ['quota.exceeded', 20],
      ],
      [],
      [],
      [],
      [],
      [],
      [],
      [
        ['quota.warning', 40],
        ['quota.exceeded', 40],
      ],
      [],
    ]);
  });

  it('sends nothing for a raised limit that usage does not reach', () => {
    const { state } = use(on(granting(10)), [10, 1]);
    const raised = use(on(granting(100)), [69], state);
    expect(raised.types).toEqual(['usage.recorded']);
    expect(use(on(granting(100)), [1], raised.state).types).toEqual(['usage.recorded', 'quota.warning']);
  });

  it('is refused for a limit of 0, and unlimited for null', () => {
    expect(use(on(granting(0)), [1])).toMatchObject({ outcomes: [{ accepted: false }], types: ['quota.exceeded'] });
    const most = Number.MAX_SAFE_INTEGER;
    const { outcomes, types } = use(on(granting(null)), [most, most, 1]);
    expect(outcomes[2]).toMatchObject({ accepted: true, used: 2n * BigInt(most) + 1n });
    expect(new Set(types)).toEqual(new Set(['usage.recorded']));
  });

  it.each([
    ['none', 10n],
    ['1.25', 12n],
    ['1.5', 15n],
    ['2', 20n],
    ['unlimited', null],
  ] as const)('with overage %s is accepted up to %p', (overage, most) => {
    expect(allowanceOf({ period: 'monthly', limit: 10, overage })).toBe(most);
    const upTo = Number(most ?? 1_000_000n);
    const { outcomes } = use(on(granting(10, { overage })), [upTo, 1]);
    expect(outcomes).toMatchObject([{ accepted: true, overage: upTo > 10 }, { accepted: most === null }]);
  });

  it('above the limit is accepted and marked as overage, with one notice', () => {
    const { events, types } = use(on(granting(10, { overage: '2' })), [10, 1, 1]);
    expect(types.filter((type) => type === 'quota.exceeded')).toHaveLength(1);
    expect(events.flatMap((event) => (event.type === 'usage.recorded' ? [event.overage] : []))).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('leaves the rest of the limit, never a negative number', () => {
    expect([leftOf(10n, 3n), leftOf(10n, 12n), leftOf(null, 12n)]).toEqual([7n, 0n, null]);
  });

  it.each([
    ['hourly', '2026-11-21T09:00:00.000Z', '2026-11-21T10:00:00.000Z'],
    ['daily', '2026-11-21T00:00:00.000Z', '2026-11-22T00:00:00.000Z'],
    ['monthly', '2026-11-01T00:00:00.000Z', '2026-12-01T00:00:00.000Z'],
    ['yearly', '2026-01-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
    ['lifetime', '1970-01-01T00:00:00.000Z', null],
  ] as const)('%s periods are those of the calendar in UTC', (period, start, end) => {
    expect(periodOf(period, NOW)).toEqual({ period, start, end });
  });

  it('counts toward the period that it happened in', () => {
    const { outcomes } = use(on(granting(10, { period: 'daily' })), [
      10,
      { quantity: 10, occurred_at: '2026-11-20T23:59:59.999Z' },
      1,
    ]);
    expect(outcomes).toMatchObject([{ accepted: true }, { accepted: true, used: 10n }, { accepted: false }]);
  });

  it.each([
    ['daily', '2026-11-21T09:35:00.000Z', true],
    ['daily', '2026-11-21T09:35:00.001Z', false],
    ['daily', '2026-11-18T00:00:00.000Z', true],
    ['daily', '2026-11-17T23:59:59.999Z', false],
    ['hourly', '2026-11-18T09:00:00.000Z', true],
    ['hourly', '2026-11-18T08:59:59.999Z', false],
    ['monthly', '2026-10-31T23:59:59.999Z', false],
    ['yearly', '2026-01-01T00:00:00.000Z', true],
    ['lifetime', '1970-01-01T00:00:00.000Z', true],
    ['lifetime', '1969-12-31T23:59:59.999Z', false],
  ] as const)('of a %s quota, recorded for %s: accepted is %p', (period, occurred_at, taken) => {
    const { outcomes, events } = use(on(granting(10, { period })), [{ quantity: 1, occurred_at }, 1]);
    const late = { code: 'TIMESTAMP_OUT_OF_RANGE', status: 400, extensions: { timestamp: occurred_at } };
    expect(outcomes).toMatchObject([taken ? { accepted: true } : late, { accepted: true }]);
    expect(events).toHaveLength(taken ? 2 : 1);
  });

  it.each([
    [{ status: 'suspended' }, 'LICENSE_SUSPENDED'],
    [{ status: 'revoked' }, 'LICENSE_REVOKED'],
    [{ status: 'canceled' }, 'LICENSE_CANCELED'],
    [{ valid_until: NOW }, 'LICENSE_EXPIRED'],
    [{ valid_from: '2027-01-01T00:00:00.000Z' }, 'LICENSE_NOT_YET_VALID'],
  ] as const)('is refused on a license with %p', (changes, code) => {
    const ended = { ...license, ...changes } as License;
    expect(() => use(on(granting(10), { license: ended }), [1])).toThrow(expect.objectContaining({ code }) as Refusal);
  });

  it.each(['nothing', 'flag', 'constructor'])('is refused for %p, which is not a quota', (feature) => {
    for (const attempt of [
      () => use(on(granting(10), { feature }), [1]),
      () => resetUsage(on(granting(10), { feature }), null, usageStream.initialState),
    ])
      expect(attempt).toThrow(expect.objectContaining({ code: 'ENTITLEMENT_NOT_FOUND' }) as Refusal);
  });

  it('starts from zero after a reset, and its notices may be sent again', () => {
    const { state } = use(on(granting(10)), [10, 1]);
    const events = resetUsage(on(granting(10)), 'goodwill', state);
    expect(events).toMatchObject([{ type: 'usage.reset', used: '10', reason: 'goodwill' }]);
    const after = events.reduce(usageStream.evolve, state);
    expect(use(on(granting(10)), [8], after)).toMatchObject({
      outcomes: [{ accepted: true, used: 8n }],
      types: ['usage.recorded', 'quota.warning'],
    });
    expect(resetUsage(on(granting(10)), null, after)).toEqual([]);
  });

  it('can be reset on a suspended license, but not on a revoked one', () => {
    const { state } = use(on(granting(10)), [10]);
    const held = (status: 'suspended' | 'revoked'): OnFeature =>
      on(granting(10), { license: { ...license, status } as License });
    expect(resetUsage(held('suspended'), null, state)).toHaveLength(1);
    expect(() => resetUsage(held('revoked'), null, state)).toThrow(
      expect.objectContaining({ code: 'LICENSE_REVOKED' }) as Refusal,
    );
  });

  it('keeps every window that still accepts usage, whatever periods the quota has had', () => {
    let state = usageStream.initialState;
    for (const period of ['lifetime', 'yearly', 'monthly', 'daily'] as const)
      state = use(on(granting(null, { period })), [1], state).state;
    for (let hour = 0; hour < 200; hour++) {
      const now = new Date(Date.parse(NOW) + hour * HOUR_MS).toISOString();
      const late = addDays(now, -3);
      const command = on(granting(null, { period: 'hourly' }), { now });
      for (const occurred_at of [now, late]) {
        const before = windowOf(state, periodOf('hourly', occurred_at)).used;
        expect(before).toBe(hour >= 72 && occurred_at === late ? 1n : 0n);
        ({ state } = use(command, [{ quantity: 1, occurred_at }], state));
      }
    }
    expect(state.windows.length).toBe(KEPT_WINDOWS);
    expect(windowOf(state, periodOf('lifetime', NOW)).used).toBe(1n);
  });

  it('never exceeds its allowance, whatever is requested', () => {
    const wanted = fc.record({
      quantity: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constant(Number.MAX_SAFE_INTEGER)),
      day: fc.integer({ min: -2, max: 0 }),
      limit: fc.nat(20),
      overage: fc.constantFrom<Overage>('none', '1.25', '1.5', '2'),
    });
    fc.assert(
      fc.property(fc.array(wanted, { maxLength: 30 }), (all) => {
        let state = usageStream.initialState;
        const noticed = new Map<string, number>();
        for (const { quantity, day, limit, overage } of all) {
          const occurred_at = addDays(NOW, day);
          const quota: Quota = { period: 'daily', limit, overage };
          const period = periodOf('daily', occurred_at);
          const before = windowOf(state, period).used;
          const {
            outcomes,
            events,
            state: after,
          } = use(on(granting(limit, quota)), [{ quantity, occurred_at }], state);
          const allowance = allowanceOf(quota) ?? 0n;
          const fits = before + BigInt(quantity) <= allowance;
          expect(accepted(outcomes)).toEqual([fits]);
          expect(windowOf(after, period).used).toBe(fits ? before + BigInt(quantity) : before);
          for (const event of events) {
            if (event.type !== 'quota.warning' && event.type !== 'quota.exceeded') continue;
            // Only a limit above all limits of earlier notices in the period has a notice.
            const notice = `${event.type} ${event.period_start}`;
            expect(event.limit).toBe(limit);
            expect(limit).toBeGreaterThan(noticed.get(notice) ?? -1);
            noticed.set(notice, limit);
          }
          state = after;
        }
      }),
      { numRuns: 10_000 },
    );
  });
});

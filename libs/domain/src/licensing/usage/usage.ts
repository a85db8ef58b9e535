import type { QuotaPeriod } from '../entitlements/entitlement.ts';
import type { Time } from '../../shared/time.ts';
import type { Period } from './period.ts';

interface OfPeriod {
  readonly license_id: string;
  readonly product_id: string;
  readonly feature: string;
  readonly period: QuotaPeriod;
  readonly period_start: Time;
  /** null = never. */
  readonly period_end: Time | null;
}

export type UsageEvent =
  | (OfPeriod & {
      readonly type: 'usage.recorded';
      readonly quantity: number;
      /** All that was used in the period with this, in decimal digits: sums may be more than JSON numbers hold. */
      readonly used: string;
      /** It was taken above the limit. */
      readonly overage: boolean;
      readonly occurred_at: Time;
      readonly metadata: Readonly<Record<string, unknown>> | null;
      /** Under this the caller has it counted once, however often it is sent; null = nobody asked for that. */
      readonly idempotency_key: string | null;
    })
  | (OfPeriod & { readonly type: 'quota.warning' | 'quota.exceeded'; readonly used: string; readonly limit: number })
  | (OfPeriod & { readonly type: 'usage.reset'; readonly used: string; readonly reason: string | null });

/** What was used in one period. */
export interface Window extends Period {
  readonly used: bigint;
  /** `quota.warning` and `quota.exceeded` have been told of it. */
  readonly warned: boolean;
  readonly exceeded: boolean;
}

/** One window of each period and start: few, of which the last is the one that is looked for. */
export interface UsageState {
  readonly windows: readonly Window[];
}

/**
 * Windows that are kept: no less than all in which usage may still be told (75 of a quota by the hour), and then those of
 * another period that the quota may come back to. Those that end first go first.
 */
export const KEPT_WINDOWS = 90;

export const windowOf = ({ windows }: UsageState, period: Period): Window =>
  windows.findLast((window) => isOf(window, period)) ?? unused(period);

const unused = (period: Period): Window => ({ ...period, used: 0n, warned: false, exceeded: false });

const isOf = (window: Window, { period, start }: Pick<Period, 'period' | 'start'>): boolean =>
  window.start === start && window.period === period;

const evolve = (state: UsageState, event: UsageEvent): UsageState => {
  switch (event.type) {
    case 'usage.recorded':
      return within(state, event, { used: BigInt(event.used) });
    case 'quota.warning':
      return within(state, event, { warned: true });
    case 'quota.exceeded':
      return within(state, event, { exceeded: true });
    case 'usage.reset':
      return within(state, event, { used: 0n, warned: false, exceeded: false });
    default:
      return state;
  }
};

const within = (
  { windows }: UsageState,
  { period, period_start: start, period_end: end }: OfPeriod,
  changes: Partial<Window>,
): UsageState => {
  const at = windows.findLastIndex((window) => isOf(window, { period, start }));
  const window = { ...(windows[at] ?? unused({ period, start, end })), ...changes };
  if (at !== -1) return { windows: windows.with(at, window) };
  const all = [...windows, window];
  return { windows: all.length > KEPT_WINDOWS ? all.toSpliced(all.indexOf(firstToEnd(all)), 1) : all };
};

const firstToEnd = (windows: readonly Window[]): Window =>
  windows.reduce((first, one) => (endsBefore(one, first) ? one : first));

const endsBefore = (a: Window, b: Window): boolean => {
  if (a.end === b.end) return a.start < b.start;
  return a.end !== null && (b.end === null || a.end < b.end);
};

/** The stream of what a licence has used of a feature. */
export const usageStreamId = (license_id: string, feature: string): string => `${license_id}/usage/${feature}`;

const NOTHING_USED: UsageState = { windows: [] };

/** A stream a licence and feature, `<license_id>/usage/<feature>`. */
export const usageStream = { name: 'usage', initialState: NOTHING_USED, evolve };

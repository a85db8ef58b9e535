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
      /** The total of the period with this record, in decimal digits: a JSON number may be too small for it. */
      readonly used: string;
      /** The total is above the limit. */
      readonly overage: boolean;
      readonly occurred_at: Time;
      readonly metadata: Readonly<Record<string, unknown>> | null;
      /** The record is counted once per key, however often it is sent; null = no key was given. */
      readonly idempotency_key: string | null;
    })
  | (OfPeriod & { readonly type: 'quota.warning' | 'quota.exceeded'; readonly used: string; readonly limit: number })
  | (OfPeriod & { readonly type: 'usage.reset'; readonly used: string; readonly reason: string | null });

/** What was used in one period, and the notices about it. */
export interface Window extends Period {
  readonly used: bigint;
  /** The largest limit that `quota.warning` was sent for; null = none. A larger limit is warned of again. */
  readonly warned_limit: number | null;
  /** The same for `quota.exceeded`. */
  readonly exceeded_limit: number | null;
}

/** One window per period and start. There are few, and the last one is usually the one in use. */
export interface UsageState {
  readonly windows: readonly Window[];
}

/**
 * The number of windows in the state: at least all that still accept usage (75 of an hourly quota), and some of other periods,
 * in case the quota returns to them. The window that ends first is evicted first.
 */
export const KEPT_WINDOWS = 90;

export const windowOf = ({ windows }: UsageState, period: Period): Window =>
  windows.findLast((window) => isOf(window, period)) ?? unused(period);

const NO_NOTICES = { warned_limit: null, exceeded_limit: null };

const unused = (period: Period): Window => ({ ...period, used: 0n, ...NO_NOTICES });

const isOf = (window: Window, { period, start }: Pick<Period, 'period' | 'start'>): boolean =>
  window.start === start && window.period === period;

const evolve = (state: UsageState, event: UsageEvent): UsageState => {
  switch (event.type) {
    case 'usage.recorded':
      return within(state, event, { used: BigInt(event.used) });
    case 'quota.warning':
      return within(state, event, { warned_limit: event.limit });
    case 'quota.exceeded':
      return within(state, event, { exceeded_limit: event.limit });
    case 'usage.reset':
      return within(state, event, { used: 0n, ...NO_NOTICES });
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

/** The stream of what a license has used of a feature. */
export const usageStreamId = (license_id: string, feature: string): string => `${license_id}/usage/${feature}`;

const NOTHING_USED: UsageState = { windows: [] };

/** One stream per license and feature, `<license_id>/usage/<feature>`. */
export const usageStream = { name: 'usage', initialState: NOTHING_USED, evolve };

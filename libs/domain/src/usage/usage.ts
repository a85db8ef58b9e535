import type { QuotaPeriod } from '../entitlements/entitlement.ts';
import type { Time } from '../shared/time.ts';
import type { Period } from './period.ts';

interface Of {
  readonly license_id: string;
  readonly product_id: string;
  readonly feature: string;
  readonly period: QuotaPeriod;
  readonly period_start: Time;
  /** null = never. */
  readonly period_end: Time | null;
}

export type UsageEvent =
  | (Of & {
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
  | (Of & { readonly type: 'quota.warning' | 'quota.exceeded'; readonly used: string; readonly limit: number })
  | (Of & { readonly type: 'usage.reset'; readonly used: string; readonly reason: string | null });

/** What was used in one period. */
export interface Window extends Period {
  readonly used: bigint;
  /** `quota.warning` and `quota.exceeded` have been told of it. */
  readonly warned: boolean;
  readonly exceeded: boolean;
}

/** By period and start. */
export interface UsageState {
  readonly windows: ReadonlyMap<string, Window>;
}

/**
 * Windows that are kept: no less than all in which usage may still be told (75 of a quota by the hour), and then those of
 * another period that the quota may come back to. Those that end first go first.
 */
export const KEPT_WINDOWS = 90;

/** Also the state out of windows that were kept elsewhere. */
export const usageStateOf = (windows: Iterable<Window>): UsageState => ({
  windows: new Map([...windows].map((window) => [keyOf(window.period, window.start), window])),
});

export const windowOf = ({ windows }: UsageState, period: Period): Window =>
  windows.get(keyOf(period.period, period.start)) ?? unused(period);

const unused = (period: Period): Window => ({ ...period, used: 0n, warned: false, exceeded: false });

const keyOf = (period: QuotaPeriod, start: Time): string => `${period} ${start}`;

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
  state: UsageState,
  { period, period_start: start, period_end: end }: Of,
  changes: Partial<Window>,
): UsageState => {
  const windows = new Map(state.windows);
  const key = keyOf(period, start);
  windows.set(key, { ...(windows.get(key) ?? unused({ period, start, end })), ...changes });
  if (windows.size > KEPT_WINDOWS) windows.delete(firstToEnd(windows));
  return { windows };
};

const firstToEnd = (windows: ReadonlyMap<string, Window>): string =>
  [...windows].reduce((first, one) => (endsBefore(one[1], first[1]) ? one : first))[0];

const endsBefore = (a: Window, b: Window): boolean => {
  if (a.end === b.end) return a.start < b.start;
  return a.end !== null && (b.end === null || a.end < b.end);
};

/** The stream of what a licence has used of a feature. */
export const usageStreamId = (license_id: string, feature: string): string => `${license_id}/usage/${feature}`;

/** A stream a licence and feature, `<license_id>/usage/<feature>`. */
export const usageStream = { name: 'usage', initialState: usageStateOf([]), evolve };

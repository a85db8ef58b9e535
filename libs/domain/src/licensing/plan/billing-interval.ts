import type { Interval } from '../../shared/calendar.ts';

export const BILLING_INTERVALS = ['day', 'week', 'month', 'quarter', 'year'] as const;
export type BillingInterval = (typeof BILLING_INTERVALS)[number];

/** The length of one term of each billing interval: in days or months, so that terms of a month and of a year share an anchor. */
export const TERM_INTERVALS: Readonly<Record<BillingInterval, Interval & { readonly unit: 'day' | 'month' }>> = {
  day: { unit: 'day', count: 1 },
  week: { unit: 'day', count: 7 },
  month: { unit: 'month', count: 1 },
  quarter: { unit: 'month', count: 3 },
  year: { unit: 'month', count: 12 },
};

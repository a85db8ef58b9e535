import type { Usage } from '#domain/licensing/usage/usage.commands';
import { usageRefusals } from '#domain/licensing/usage/usage.errors';
import { Problem } from '#platform/http/problem';
import { quotaUse } from './usage.view.ts';

const { status, message } = usageRefusals.QUOTA_EXCEEDED;

/**
 * Refuses a record that is larger than the rest of its quota in the period. `Retry-After` is the time until the next period, if
 * there is one.
 */
export class QuotaExceeded extends Problem {
  /** @param isNews true if no notice has been recorded yet that the quota was exceeded in this period */
  constructor(
    { quota, period, used }: Usage,
    readonly isNews: boolean,
    now: string,
  ) {
    const seconds = period.end === null ? 0 : Math.ceil((Date.parse(period.end) - Date.parse(now)) / 1000);
    super(
      status,
      'QUOTA_EXCEEDED',
      message,
      { ...quotaUse(quota, period, used) },
      seconds > 0 ? { 'retry-after': String(seconds) } : {},
    );
  }
}

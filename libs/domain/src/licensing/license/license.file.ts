import { productSupports, type ProductType } from '../product/product.ts';
import { type Interval, periodBoundary } from '../../shared/calendar.ts';
import { type Time, toTime } from '../../shared/time.ts';
import type { Plan } from './on-license.ts';
import { refuse } from './license.errors.ts';
import type { License, LicenseEvent } from './license.ts';
import { limitOf } from './license.limits.ts';
import { graceEnd } from './license.usability.ts';

/** The `ttl` of a license file, in seconds: an hour to a hundred years, 30 days by default. Its license limits it further. */
export const FILE_SECONDS = { least: 3_600, usual: 30 * 86_400, most: 36_525 * 86_400 } as const;

/** The longest life of a file whose license has no end. */
const LONGEST: Interval = { unit: 'year', count: 5 };

/** Issues a file for a machine that never comes online. */
export interface IssueFile {
  readonly type: 'IssueFile';
  readonly plan: Plan;
  readonly product_type: ProductType;
  readonly identifier_hash: string;
  readonly ttl_seconds: number;
  readonly now: Time;
}

/**
 * The end of a file: after `ttl_seconds`, but at the latest with the license and its grace period, or after five years if the
 * license has no end.
 */
export const fileEnd = (license: License, plan: Pick<Plan, 'grace_days'>, now: Time, ttl_seconds: number): Time => {
  const wanted = toTime(Date.parse(now) + ttl_seconds * 1000);
  const latest = graceEnd(license, plan) ?? periodBoundary(now, LONGEST, 1);
  return latest < wanted ? latest : wanted;
};

/**
 * Only for a machine that has an activation within the limit: a file cannot be revoked, so it must not be a way around the limit
 * of activations or of floating sessions.
 */
export const issueFile = (
  { plan, product_type, identifier_hash, ttl_seconds, now }: IssueFile,
  license: License,
): readonly LicenseEvent[] => {
  if (!productSupports(product_type, 'activations') || plan.license_model === 'floating')
    return refuse('FEATURE_NOT_AVAILABLE');
  const place = [...license.activations.keys()].indexOf(identifier_hash);
  if (place < 0) return refuse('ACTIVATION_NOT_FOUND');
  const max = limitOf(plan.max_activations, license);
  if (max !== null && place >= max)
    return refuse('ACTIVATION_LIMIT_REACHED', { max, current: license.activations.size });
  const expires_at = fileEnd(license, plan, now, ttl_seconds);
  return [{ type: 'license.file_issued', product_id: license.product_id, identifier_hash, issued_at: now, expires_at }];
};

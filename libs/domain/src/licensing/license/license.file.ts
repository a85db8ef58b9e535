import { productSupports, type ProductType } from '../product/product.ts';
import { type Time, toTime } from '../../shared/time.ts';
import type { Plan } from './on-license.ts';
import { refuse } from './license.errors.ts';
import type { License, LicenseEvent } from './license.ts';
import { graceEnd } from './license.usability.ts';

/** How long a licence file is good, in seconds: an hour, thirty days where nothing is said, and a (leap) year. */
export const FILE_SECONDS = { least: 3_600, usual: 30 * 86_400, most: 366 * 86_400 } as const;

/** Gives out a file for a machine that never comes online. */
export interface IssueFile {
  readonly type: 'IssueFile';
  readonly plan: Plan;
  readonly product_type: ProductType;
  readonly identifier_hash: string;
  readonly ttl_seconds: number;
  readonly now: Time;
}

/**
 * For a machine that has a place of its own: a file cannot be called back, so it must not be a way around the limit of
 * activations, nor around that of floating sessions. It never outlives the licence and its grace.
 */
export const issueFile = (
  { plan, product_type, identifier_hash, ttl_seconds, now }: IssueFile,
  license: License,
): readonly LicenseEvent[] => {
  if (!productSupports(product_type, 'activations') || plan.license_model === 'floating')
    return refuse('FEATURE_NOT_AVAILABLE');
  const place = [...license.activations.keys()].indexOf(identifier_hash);
  if (place < 0) return refuse('ACTIVATION_NOT_FOUND');
  const max = plan.max_activations;
  if (max !== null && place >= max)
    return refuse('ACTIVATION_LIMIT_REACHED', { max, current: license.activations.size });
  const wanted = toTime(Date.parse(now) + ttl_seconds * 1000);
  const end = graceEnd(license, plan);
  const expires_at = end !== null && end < wanted ? end : wanted;
  return [{ type: 'license.file_issued', product_id: license.product_id, identifier_hash, issued_at: now, expires_at }];
};

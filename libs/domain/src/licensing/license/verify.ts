import type { PlanTerms } from '../plan/plan.ts';
import { productSupports, type ProductTerms } from '../product/product.ts';
import { compareVersions } from '../../shared/version.ts';
import type { Time } from '../../shared/time.ts';
import { mismatch } from './license.binding.rules.ts';
import { limitOf } from './license.limits.ts';
import type { License } from './license.ts';
import { usability } from './license.usability.ts';

export const VERIFICATION_CODES = [
  'VALID',
  'PAST_DUE_GRACE',
  'NOT_FOUND',
  'BAD_SIGNATURE',
  'PRODUCT_MISMATCH',
  'REVOKED',
  'SUSPENDED',
  'CANCELED',
  'EXPIRED',
  'TRIAL_EXPIRED',
  'NOT_YET_VALID',
  'NOT_ACTIVATED',
  'FINGERPRINT_MISMATCH',
  'IDENTITY_MISMATCH',
  'TOO_MANY_ACTIVATIONS',
  'VERSION_TOO_OLD',
  'ENTITLEMENT_MISSING',
] as const;
export type VerificationCode = (typeof VERIFICATION_CODES)[number];

export const isValid = (code: VerificationCode): boolean => code === 'VALID' || code === 'PAST_DUE_GRACE';

/** What the app sends about itself, and what it asks for. */
export interface VerificationRequest {
  /** Id or slug; undefined = any product. */
  readonly product: string | undefined;
  /** Base64url SHA-256 of the normalized identifier. */
  readonly identifier_hash: string | undefined;
  /** Keyed hash of the e-mail address or public key that the app sends. */
  readonly identity_hash?: string | undefined;
  /** Features that the license must have. */
  readonly entitlements: readonly string[];
  /** The app's own version (SemVer). */
  readonly version: string | undefined;
  /** When the app's version was released. */
  readonly release_date?: Time | undefined;
}

export interface Verified {
  readonly license: License;
  readonly plan: Pick<
    PlanTerms,
    'max_activations' | 'grace_days' | 'license_type' | 'license_model' | 'fingerprint_lock' | 'bound_identity'
  >;
  readonly product: Pick<ProductTerms, 'type' | 'slug' | 'minimum_supported_version'> & { readonly product_id: string };
  /** Effective entitlements: feature → value; false means the license does not have it. */
  readonly entitlements: Readonly<Record<string, { readonly value: unknown }>>;
}

/** Whether an app may run, and if not, the first reason that applies. */
export const verify = (
  { license, plan, product, entitlements }: Verified,
  request: VerificationRequest,
  now: Time,
): VerificationCode => {
  if (request.product !== undefined && request.product !== product.product_id && request.product !== product.slug) {
    return 'PRODUCT_MISMATCH';
  }
  const use = usability(license, plan, now);
  switch (use) {
    case 'revoked':
      return 'REVOKED';
    case 'suspended':
      return 'SUSPENDED';
    case 'canceled':
      return 'CANCELED';
    case 'expired':
      return license.trial ? 'TRIAL_EXPIRED' : 'EXPIRED';
    case 'not_yet_valid':
      return 'NOT_YET_VALID';
    case 'usable':
    case 'in_grace':
  }
  const other = mismatch(license, plan, request);
  if (other !== undefined) return other;
  if (request.identifier_hash !== undefined && needsActivation(product, plan)) {
    const place = placeOf(license, request.identifier_hash);
    if (place === undefined) return 'NOT_ACTIVATED';
    const max = limitOf(plan.max_activations, license);
    if (max !== null && place >= max) return 'TOO_MANY_ACTIVATIONS';
  }
  if (isUnsupported(product, request.version) || isBeyondUpdates(license, request.release_date))
    return 'VERSION_TOO_OLD';
  for (const feature of request.entitlements) {
    const value = Object.hasOwn(entitlements, feature) ? entitlements[feature]?.value : undefined;
    if (value === undefined || value === false) return 'ENTITLEMENT_MISSING';
  }
  return use === 'in_grace' ? 'PAST_DUE_GRACE' : 'VALID';
};

/** Whether a device needs an activation. Floating licenses use sessions instead. */
export const needsActivation = (
  { type }: Pick<ProductTerms, 'type'>,
  { license_model }: Pick<PlanTerms, 'license_model'>,
): boolean => license_model === 'standard' && productSupports(type, 'activations');

/** Whether a version is older than any that the product supports. */
export const isUnsupported = (
  { minimum_supported_version: oldest }: Pick<ProductTerms, 'minimum_supported_version'>,
  version: string | undefined,
): boolean => version !== undefined && oldest !== null && compareVersions(version, oldest) < 0;

/** Whether an app was released after the time for which new releases are included in the license. */
const isBeyondUpdates = ({ updates_until }: License, released: Time | undefined): boolean =>
  released !== undefined && updates_until !== null && released > updates_until;

/** The number of older activations. After the limit was lowered, the newest activations are the ones above it. */
const placeOf = ({ activations }: License, identifierHash: string): number | undefined => {
  if (!activations.has(identifierHash)) return undefined;
  let place = 0;
  for (const hash of activations.keys()) {
    if (hash === identifierHash) return place;
    place += 1;
  }
  return undefined;
};

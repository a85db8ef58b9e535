import Type from 'typebox';
import { QUOTA_PERIODS } from '#domain/licensing/entitlements/entitlement';
import { Id, Int, Metadata, Nullable, Timestamp } from '#platform/http/schemas';
import { LicenseKey } from '../verification/verification.endpoints.ts';

/** Names the license of the usage: by its license key, or by its id with an API key. */
export const whose = {
  license_key: Type.Optional(LicenseKey),
  license_id: Type.Optional(Id('lic')),
};

export const Quantity = Int(1, Number.MAX_SAFE_INTEGER);

/** Optional fields of a usage record. */
export const noted = {
  timestamp: Type.Optional(
    Type.Unsafe<string>({
      ...Timestamp,
      description:
        'Time of the use; default: now. At most five minutes in the future, and in a period that has not ended or that ended less than three days ago.',
    }),
  ),
  metadata: Type.Optional(Metadata),
};

const Sum = Type.Integer({ minimum: 0, description: 'Values above 2^53−1 are rounded, as JSON numbers are.' });
const Left = (description: string) => Nullable(Type.Integer({ minimum: 0, description }));

/** A quota and its usage. */
export const quotaUse = {
  used: Sum,
  limit: Left('Limit per period; null = unlimited.'),
  remaining: Left('What is left of the limit; null = unlimited.'),
  available: Left('What can still be used, overage included; null = unlimited.'),
  period: Type.Enum([...QUOTA_PERIODS]),
  period_start: Timestamp,
  resets_at: Nullable(Timestamp),
};

/** All refusals of a call about the usage of a license. */
export const LICENSE_NOT_FOUND = { status: 404, code: 'LICENSE_NOT_FOUND' };
export const ENTITLEMENT_NOT_FOUND = { status: 404, code: 'ENTITLEMENT_NOT_FOUND' };
export const NOT_AVAILABLE = { status: 403, code: 'FEATURE_NOT_AVAILABLE' };
export const UNUSABLE = ['SUSPENDED', 'REVOKED', 'EXPIRED', 'CANCELED', 'NOT_YET_VALID'].map((why) => ({
  status: 409,
  code: `LICENSE_${why}`,
}));
export const TOO_MANY_FAILURES = { status: 429, code: 'TOO_MANY_FAILURES' };

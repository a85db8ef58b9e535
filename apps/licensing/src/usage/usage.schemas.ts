import Type from 'typebox';
import { QUOTA_PERIODS } from '#domain/licensing/entitlements/entitlement';
import { Id, Int, Metadata, Nullable, Timestamp } from '#platform/http/schemas';
import { LicenseKey } from '../verification/verification.endpoints.ts';

/** Whose usage it is: by the license key, or by the license's id with an API key. */
export const whose = {
  license_key: Type.Optional(LicenseKey),
  license_id: Type.Optional(Id('lic')),
};

export const Quantity = Int(1, Number.MAX_SAFE_INTEGER);

/** What a record of usage may say besides the feature and how much of it. */
export const noted = {
  timestamp: Type.Optional(
    Type.Unsafe<string>({
      ...Timestamp,
      description:
        'When it was used; now, when it is left out. At most five minutes ahead, and in a period that has not been over for three days.',
    }),
  ),
  metadata: Type.Optional(Metadata),
};

const Sum = Type.Integer({ minimum: 0, description: 'Above 2^53−1 rounded, as numbers of JSON are.' });
const Left = (description: string) => Nullable(Type.Integer({ minimum: 0, description }));

/** A quota and what of it is used. */
export const quotaUse = {
  used: Sum,
  limit: Left('What may be used in a period; null = any number.'),
  remaining: Left('Of the limit; null = any number.'),
  available: Left('What is taken still, overage included; null = any number.'),
  period: Type.Enum([...QUOTA_PERIODS]),
  period_start: Timestamp,
  resets_at: Nullable(Timestamp),
};

/** All that a call on the use of a license may be refused for. */
export const LICENSE_NOT_FOUND = { status: 404, code: 'LICENSE_NOT_FOUND' };
export const ENTITLEMENT_NOT_FOUND = { status: 404, code: 'ENTITLEMENT_NOT_FOUND' };
export const NOT_AVAILABLE = { status: 403, code: 'FEATURE_NOT_AVAILABLE' };
export const UNUSABLE = ['SUSPENDED', 'REVOKED', 'EXPIRED', 'CANCELED', 'NOT_YET_VALID'].map((why) => ({
  status: 409,
  code: `LICENSE_${why}`,
}));
export const TOO_MANY_FAILURES = { status: 429, code: 'TOO_MANY_FAILURES' };

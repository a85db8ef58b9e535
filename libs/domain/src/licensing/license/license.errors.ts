import { type Refusals, refuser } from '../../shared/refusal.ts';

export type LicenseRefusal =
  | 'LICENSE_NOT_FOUND'
  | 'LICENSE_EXISTS'
  | 'LICENSE_SUSPENDED'
  | 'LICENSE_REVOKED'
  | 'LICENSE_EXPIRED'
  | 'LICENSE_CANCELED'
  | 'LICENSE_NOT_YET_VALID'
  | 'INVALID_TRANSITION'
  | 'INVALID_TERM'
  | 'TRIAL_USED'
  | 'PLAN_INACTIVE'
  | 'PLAN_OF_ANOTHER_PRODUCT'
  | 'FEATURE_NOT_AVAILABLE'
  | 'ACTIVATION_LIMIT_REACHED'
  | 'ACTIVATION_NOT_FOUND'
  | 'DEACTIVATION_LIMIT_REACHED'
  | 'FINGERPRINT_MISMATCH'
  | 'IDENTITY_MISMATCH'
  | 'IDENTITY_REQUIRED';

export const licenseRefusals: Refusals<LicenseRefusal> = {
  LICENSE_NOT_FOUND: { status: 404, message: 'There is no such license.' },
  LICENSE_EXISTS: { status: 409, message: 'A license with this id exists.' },
  LICENSE_SUSPENDED: { status: 409, message: 'The license is suspended.' },
  LICENSE_REVOKED: { status: 409, message: 'The license has been revoked.' },
  LICENSE_EXPIRED: { status: 409, message: 'The license has expired.' },
  LICENSE_CANCELED: { status: 409, message: 'The license has been canceled.' },
  LICENSE_NOT_YET_VALID: { status: 409, message: 'The license is not valid yet.' },
  INVALID_TRANSITION: { status: 409, message: 'The status of the license does not allow this.' },
  INVALID_TERM: {
    status: 400,
    message: 'valid_until is before valid_from, or the trial was skipped although the plan itself is a trial.',
  },
  TRIAL_USED: { status: 409, message: 'This customer has had a trial of this product.' },
  PLAN_INACTIVE: { status: 409, message: 'The plan is not sold any more.' },
  PLAN_OF_ANOTHER_PRODUCT: { status: 409, message: 'The plan belongs to another product.' },
  FEATURE_NOT_AVAILABLE: { status: 403, message: 'The product does not have this feature.' },
  ACTIVATION_LIMIT_REACHED: { status: 409, message: 'All activations of the license are taken.' },
  ACTIVATION_NOT_FOUND: { status: 404, message: 'This device or user is not activated.' },
  DEACTIVATION_LIMIT_REACHED: { status: 409, message: 'The limit of deactivations in this period has been reached.' },
  FINGERPRINT_MISMATCH: { status: 409, message: 'The license is bound to another device or user.' },
  IDENTITY_MISMATCH: { status: 409, message: 'The license is bound to another e-mail address or public key.' },
  IDENTITY_REQUIRED: { status: 400, message: 'identity is required: licenses of this plan are bound to one.' },
};

export const refuse = refuser(licenseRefusals);

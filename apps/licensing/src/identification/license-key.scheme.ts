import type { AuthenticationScheme } from '#platform/auth/scheme';

/** Authorizes a call with a license key in the body, or an API key with `licenses:write`. */
export const LICENSE_KEY: AuthenticationScheme = {
  actor: 'license',
  scope: 'licenses:write',
  credential: (body) =>
    typeof body === 'object' && body !== null && 'license_key' in body && typeof body.license_key === 'string'
      ? body.license_key
      : undefined,
};

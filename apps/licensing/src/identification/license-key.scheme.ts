import type { AuthenticationScheme } from '#platform/auth/scheme';

/** A license key in the body opens the route, or an API key with `licenses:write`. */
export const LICENSE_KEY: AuthenticationScheme = {
  actor: 'license',
  scope: 'licenses:write',
  credential: (body) =>
    typeof body === 'object' && body !== null && 'license_key' in body && typeof body.license_key === 'string'
      ? body.license_key
      : undefined,
};

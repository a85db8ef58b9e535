import type { ServiceName } from '#platform/config/config';

/** Which service answers what lies at and below a path; the longest prefix counts. What stands nowhere here is the gateway's own, or nobody's. */
export const ROUTES: Readonly<Record<string, ServiceName>> = {
  '/.well-known': 'licensing',
  '/api/v1/license': 'licensing',
  '/api/v1/admin/products': 'licensing',
  '/api/v1/admin/plans': 'licensing',
  '/api/v1/admin/licenses': 'licensing',
  '/api/v1/admin/activations': 'licensing',
  '/api/v1/admin/imports': 'licensing',
  '/api/v1/admin/usage': 'licensing',
  '/api/v1/admin/signing-keys': 'licensing',
  '/api/v1/admin/key-batches': 'licensing',
  '/api/v1/portal/seats': 'licensing',
  '/api/v1/invites': 'licensing',
  '/api/v1/admin/webhooks': 'webhooks',
};

/** Addresses that take files, and how large these may be, in bytes. */
export const UPLOADS: ReadonlyMap<string, number> = new Map([['/api/v1/admin/imports', 256 * 1_048_576]]);

import type { Principal } from '#platform/auth/principal';

/** The gateway itself, for internal routes of the services. */
export const GATEWAY: Principal = { actor: { type: 'system', id: 'gateway' }, scopes: ['admin'], product_id: null };

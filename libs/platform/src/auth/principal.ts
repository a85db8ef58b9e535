import type { Actor } from '#events/event';
import { Problem } from '../http/problem.ts';

/** What a credential may do; services declare the scopes of their routes. `admin` includes every scope. */
export type Scope = string;

/** The caller, as identified by the gateway. Services trust only this. */
export interface Principal {
  readonly actor: Actor;
  readonly scopes: readonly Scope[];
  /** The product that the credential is bound to; null = system-wide. */
  readonly product_id: string | null;
}

/** With this scope a credential may send every GET that needs a scope, and nothing else. */
export const READ = 'read';

/** `admin` includes every scope. */
export const hasScope = (principal: Principal, scope: Scope): boolean =>
  principal.scopes.includes('admin') || principal.scopes.includes(scope);

/** Whether the principal may see objects of this product. Objects it may not see are answered with 404. */
export const seesProduct = (principal: Principal, productId: string | null): boolean =>
  principal.product_id === null || principal.product_id === productId;

/** @throws Problem 403 for a credential that is bound to a product: what it asks for belongs to all products */
export const systemWide = (principal: Principal): void => {
  if (principal.product_id !== null) {
    throw new Problem(403, 'FORBIDDEN', 'A key that is bound to a product has no access to this.');
  }
};

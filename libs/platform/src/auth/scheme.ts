/**
 * A credential in the body of a request, which opens a route without an API key. The service that issues the credential
 * defines the scheme and checks the credential itself. The platform lets such calls pass, keeps their Idempotency-Keys
 * separate, and documents the route.
 */
export interface AuthenticationScheme {
  /** Type of the callers that it identifies, as in `actor.type`. */
  readonly actor: string;
  /** The scope with which an API key may call the route instead of the credential. */
  readonly scope: string;
  /** The credential in the body, in its normal form; undefined = none. */
  credential(body: unknown): string | undefined;
}

/** What a route requires: a scope of an API key, a scheme's credential or such a scope, or nothing. */
export type Authentication = string | AuthenticationScheme;

export const PUBLIC = 'public';

/** The scope that an API key must have on a route; undefined on public routes. */
export const scopeOf = (auth: Authentication): string | undefined => {
  if (auth === PUBLIC) return undefined;
  return typeof auth === 'string' ? auth : auth.scope;
};

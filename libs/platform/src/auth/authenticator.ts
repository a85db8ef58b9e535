import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Principal } from './principal.ts';
import '../http/request.ts';

/** What the headers of a request prove. */
export interface Identified {
  /** Undefined when no credential was sent. */
  readonly principal: Principal | undefined;
  /** The caller's address, as the gateway saw it. */
  readonly client_ip: string;
  /** Headers for the answer, whatever its status is (rate limits). */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Identifies the caller. A process has one authenticator: the gateway's, which reads credentials, or `internalAuthenticator`,
 * which trusts the gateway's token.
 */
export interface Authenticator {
  /** @throws Problem 401 for a credential that is wrong, 429 over a limit. A credential that is sent is never ignored. */
  identify(request: FastifyRequest): Identified | Promise<Identified>;
}

/** Injection token of the process's own authenticator; the gateway's module provides it. */
export const AUTHENTICATOR = Symbol('Authenticator');

/** For the operators' probes, which answer without a database and have their own token. */
const PROBES = new Set(['/healthz', '/readyz', '/metrics']);

/** Sets `request.principal` and `request.client_ip` before the rest of a request is read. Call it before routes are added. */
export const installAuthentication = (fastify: FastifyInstance, authenticator: Authenticator): void => {
  fastify.decorateRequest('principal', undefined);
  fastify.decorateRequest('client_ip', '');
  fastify.addHook('onRequest', (request, reply, done) => {
    if (PROBES.has(pathOf(request))) {
      request.client_ip = request.ip;
      done();
      return;
    }
    const accept = ({ principal, client_ip, headers }: Identified): void => {
      request.principal = principal;
      request.client_ip = client_ip;
      if (headers !== undefined) reply.headers(headers);
      done();
    };
    // Most calls of apps carry no credential, so they skip the promise.
    const identified = identify(authenticator, request);
    if (identified instanceof Promise) identified.then(accept, done);
    else if (identified instanceof Error) done(identified);
    else accept(identified);
  });
};

const identify = (authenticator: Authenticator, request: FastifyRequest): Identified | Promise<Identified> | Error => {
  try {
    return authenticator.identify(request);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
};

/** The request's path as it was sent, without its query. */
export const pathOf = (request: FastifyRequest): string => {
  const query = request.url.indexOf('?');
  return query === -1 ? request.url : request.url.slice(0, query);
};

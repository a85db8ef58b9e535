import type { FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';
import { Problem } from '../http/problem.ts';
import { type Authenticator, type Identified, pathOf } from './authenticator.ts';
import { CLIENT_IP_HEADER, type InternalTokens, TOKEN_HEADER } from './internal-token.ts';

/** Public keys need no token: any client that reaches the service may read them. */
const OPEN = /^\/\.well-known\//;

/**
 * Identifies the caller of a service behind the gateway by the gateway's token only. `Authorization` and `X-Forwarded-For` of
 * the caller have no effect here.
 */
export const internalAuthenticator = (tokens: InternalTokens): Authenticator => ({
  identify: async (request: FastifyRequest): Promise<Identified> => {
    const token = request.headers[TOKEN_HEADER];
    if (token === undefined && OPEN.test(pathOf(request))) return { principal: undefined, client_ip: request.ip };
    const forwarded = typeof token === 'string' ? await tokens.verify(token) : undefined;
    if (forwarded === undefined) {
      throw new Problem(401, 'UNAUTHENTICATED', 'This service answers only what comes through the gateway.');
    }
    const ip = request.headers[CLIENT_IP_HEADER];
    return {
      principal: forwarded ?? undefined,
      client_ip: typeof ip === 'string' && ipaddr.isValid(ip) ? ip : request.ip,
    };
  },
});

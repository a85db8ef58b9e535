import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Authenticator, Identified } from '#platform/auth/authenticator';
import type { Config } from '#platform/config/config';
import type { ServiceDatabase } from '#platform/database/database';
import { Problem } from '#platform/http/problem';
import { createFailureLimiter, type FailureLimiter } from '#platform/rate-limit/failure-limiter';
import { createSuccessLimiter, type SuccessLimiter } from '#platform/rate-limit/success-limiter';
import { CONFIG, DATABASE } from '#platform/service';
import { AuthenticationSettings } from './authentication.settings.ts';
import { ApiKeyUses } from '../api-keys/api-key-uses.ts';
import { ApiKeyDirectory } from './api-key-directory.ts';

/** `Authorization: Bearer <key>`; the scheme's case does not matter (RFC 9110 §11.1). */
const BEARER = /^bearer +([\x21-\x7e]+) *$/i;

/** Identifies callers of the public API by their API key. */
@Injectable()
export class GatewayAuthenticator implements Authenticator {
  readonly #failures: FailureLimiter;
  readonly #successes: SuccessLimiter;

  constructor(
    private readonly keys: ApiKeyDirectory,
    private readonly uses: ApiKeyUses,
    @Inject(DATABASE) database: ServiceDatabase,
    @Inject(CONFIG) config: Config,
    settings: AuthenticationSettings,
  ) {
    this.#failures = createFailureLimiter(database.pool, config.rate_limits);
    this.#successes = createSuccessLimiter('api-key', settings.rate_limit_per_api_key, config.rate_limits);
  }

  identify(request: FastifyRequest): Identified | Promise<Identified> {
    const { authorization } = request.headers;
    if (authorization === undefined) return { principal: undefined, client_ip: request.ip };
    return this.#byKey(BEARER.exec(authorization)?.[1], request.ip);
  }

  async #byKey(text: string | undefined, client_ip: string): Promise<Identified> {
    const principal = text === undefined ? undefined : await this.keys.find(text);
    if (principal === undefined) {
      await this.#failures.record(client_ip);
      throw new Problem(
        401,
        'UNAUTHENTICATED',
        'The Authorization header holds no valid API key.',
        {},
        {
          'www-authenticate': 'Bearer realm="keyledger", error="invalid_token"',
        },
      );
    }
    this.uses.note(principal.actor.id, client_ip);
    return { principal, client_ip, headers: await this.#successes.take(principal.actor.id) };
  }
}

import { Inject, Injectable } from '@nestjs/common';
import { refuse } from '#domain/licensing/license/license.errors';
import type { Actor } from '#events/event';
import { type Principal, seesProduct } from '#platform/auth/principal';
import type { Config } from '#platform/config/config';
import type { ServiceDatabase } from '#platform/database/database';
import { createFailureLimiter, type FailureLimiter } from '#platform/rate-limit/failure-limiter';
import { createSuccessLimiter, type SuccessLimiter } from '#platform/rate-limit/success-limiter';
import { CONFIG, DATABASE } from '#platform/service';
import { VerificationSettings } from './verification.settings.ts';
import { type Found, LicenseLookup } from './license-lookup.ts';

/** Who calls by a licence key: the licence that the key opens, within its limits. Who guesses keys is locked out. */
@Injectable()
export class Identification {
  readonly #failures: FailureLimiter;
  readonly #successes: SuccessLimiter;

  constructor(
    private readonly lookup: LicenseLookup,
    @Inject(DATABASE) database: ServiceDatabase,
    @Inject(CONFIG) config: Config,
    settings: VerificationSettings,
  ) {
    this.#failures = createFailureLimiter(database.pool, config.rate_limits);
    this.#successes = createSuccessLimiter('license', settings.rate_limit_per_license, config.rate_limits);
  }

  /**
   * @throws Refusal 404 LICENSE_NOT_FOUND, counted against the address
   * @throws Problem 429 TOO_MANY_FAILURES, RATE_LIMITED
   */
  async byKey(license_key: string, principal: Principal, ip: string): Promise<Found> {
    const found = await this.lookup.byKey(license_key);
    if (found === undefined || !seesProduct(principal, found.license.state.product_id)) {
      await this.#failures.record(ip);
      return refuse('LICENSE_NOT_FOUND');
    }
    await this.#successes.take(found.id);
    return found;
  }
}

/** Who shows a licence key acts as the licence; who shows an API key acts as itself. */
export const actorOf = ({ actor }: Principal, licenseId: string): Actor =>
  actor.type === 'system' ? { type: 'license', id: licenseId } : actor;

import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '#platform/config/config';
import type { ServiceDatabase } from '#platform/database/database';
import type { Call } from '#platform/http/endpoint';
import { createFailureLimiter, type FailureLimiter } from '#platform/rate-limit/failure-limiter';
import { createSuccessLimiter, type SuccessLimiter } from '#platform/rate-limit/success-limiter';
import { CONFIG, DATABASE } from '#platform/service';
import { IdentificationSettings } from './identification.settings.ts';

/**
 * The limits of callers that send a license key, a code or an invite token. All routes share this one instance, so that each
 * limit counts all calls of a license, and all failures of an address.
 */
@Injectable()
export class CallerLimits {
  /** False if limits are switched off for load tests. */
  readonly on: boolean;
  readonly failures: FailureLimiter;
  readonly #licenses: SuccessLimiter;

  constructor(
    @Inject(DATABASE) { pool }: ServiceDatabase,
    @Inject(CONFIG) { rate_limits }: Config,
    { rate_limit_per_license }: IdentificationSettings,
  ) {
    this.on = rate_limits === 'on';
    this.failures = createFailureLimiter(pool, rate_limits);
    this.#licenses = createSuccessLimiter('license', rate_limit_per_license, rate_limits);
  }

  /**
   * Counts a call against the limit of its license. The response headers show what is left.
   * @throws RateLimitExceeded 429 RATE_LIMITED
   */
  async take(license_id: string, call: Pick<Call, 'addHeaders'>): Promise<void> {
    call.addHeaders(await this.#licenses.take(license_id));
  }
}

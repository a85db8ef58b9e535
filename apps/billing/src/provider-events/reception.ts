import { Inject, Injectable } from '@nestjs/common';
import { realTime } from '#platform/clock/clock';
import type { Config } from '#platform/config/config';
import type { ServiceDatabase } from '#platform/database/database';
import type { Call } from '#platform/http/endpoint';
import { Problem } from '#platform/http/problem';
import { createFailureLimiter, type FailureLimiter } from '#platform/rate-limit/failure-limiter';
import { CONFIG, DATABASE, LOGGER } from '#platform/service';
import type { Logger } from '#platform/telemetry/logger';
import { BadSignatureError, type VerifiedEvent } from './door.ts';
import { Doors } from './doors.ts';
import { Inbox } from './inbox.ts';

/** Takes what providers send: verifies it, and keeps it. */
@Injectable()
export class Reception {
  readonly #failures: FailureLimiter;

  constructor(
    private readonly doors: Doors,
    private readonly inbox: Inbox,
    @Inject(DATABASE) { pool }: ServiceDatabase,
    @Inject(CONFIG) { rate_limits }: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.#failures = createFailureLimiter(pool, rate_limits);
  }

  /**
   * Takes an event. It is committed when this resolves, and applied after that.
   * @throws Problem 400 INVALID_SIGNATURE, 422 PROVIDER_EVENT_UNREADABLE, 503 PAYMENT_PROVIDER_NOT_CONFIGURED, UNAVAILABLE
   * @throws RateLimitExceeded 429 TOO_MANY_FAILURES
   */
  async take(provider: string, call: Pick<Call, 'raw' | 'header' | 'ip'>): Promise<void> {
    const event = await this.#verify(provider, call);
    await this.inbox.keep({ provider, event, raw: call.raw });
  }

  /** A bad signature is counted against its address. A good one is taken from a locked address too. */
  async #verify(provider: string, { raw, header, ip }: Pick<Call, 'raw' | 'header' | 'ip'>): Promise<VerifiedEvent> {
    const door = this.doors.get(provider);
    try {
      return door.verify(raw, header, new Date(realTime()));
    } catch (error) {
      if (!(error instanceof BadSignatureError)) throw error;
      await this.#failures.record(ip);
      this.logger.warn({ provider, reason: error.message }, 'an event with a bad signature was refused');
      throw new Problem(400, 'INVALID_SIGNATURE', error.message);
    }
  }
}

import { Injectable } from '@nestjs/common';
import { refuse } from '#domain/licensing/license/license.errors';
import type { Actor } from '#events/event';
import { type Principal, seesProduct } from '#platform/auth/principal';
import type { Call } from '#platform/http/endpoint';
import { CallerLimits } from './caller-limits.ts';
import { type Found, LicenseLookup } from './license-lookup.ts';

/** The parts of a call that identify its caller, besides the license key. */
export type Caller = Pick<Call, 'principal' | 'ip' | 'addHeaders'>;

/** Identifies callers by a license key, within the limits of its license. Wrong keys are counted and lock the address out. */
@Injectable()
export class Identification {
  constructor(
    private readonly lookup: LicenseLookup,
    private readonly limits: CallerLimits,
  ) {}

  /**
   * @throws Refusal 404 LICENSE_NOT_FOUND, counted against the address
   * @throws RateLimitExceeded 429 TOO_MANY_FAILURES, RATE_LIMITED
   */
  async byKey(license_key: string, call: Caller): Promise<Found> {
    const found = await this.lookup.byKey(license_key);
    if (found === undefined || !seesProduct(call.principal, found.license.state.product_id)) {
      await this.limits.failures.record(call.ip);
      return refuse('LICENSE_NOT_FOUND');
    }
    await this.limits.take(found.id, call);
    return found;
  }
}

/** The actor of a call is its API key, or else the license whose key it sends. */
export const actorOf = ({ actor }: Principal, licenseId: string): Actor =>
  actor.type === 'system' ? { type: 'license', id: licenseId } : actor;

import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { compactJws, isFresh, leaseEnd, type LeaseClaims } from '#domain/licensing/lease/lease';
import type { License } from '#domain/licensing/license/license';
import { graceEnd } from '#domain/licensing/license/license.usability';
import type { PlanTerms } from '#domain/licensing/plan/plan';
import { newId } from '#domain/shared/id';
import type { Config } from '#platform/config/config';
import { CONFIG } from '#platform/service';
import { SigningKeys } from '../signing-keys/signing-keys.ts';

/** Everything that a lease contains. A change of any version makes a new lease. */
export interface Leased {
  readonly license_id: string;
  readonly license: License;
  readonly version: number;
  readonly plan: Pick<PlanTerms, 'slug' | 'grace_days'>;
  readonly plan_version: number;
  /** The same object as long as no entitlement has changed. */
  readonly entitlements: Readonly<Record<string, unknown>>;
  readonly fingerprint_hash: string | null;
}

interface Kept {
  readonly version: number;
  readonly plan_version: number;
  /** Number of retired signing keys when the lease was signed. */
  readonly retirements: number;
  readonly iat: number;
  readonly exp: number;
  readonly entitlements: Leased['entitlements'];
  readonly token: string;
}

/** Maximum number of cached leases: one per license and device that asked recently. */
const REMEMBERED = 20_000;

/**
 * Offline tokens. A lease is reused while it is fresh and its contents have not changed, so that verification seldom needs a
 * signature.
 */
@Injectable()
export class Leases {
  readonly #kept = new LRUCache<string, Kept>({ max: REMEMBERED });

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly keys: SigningKeys,
  ) {}

  for(leased: Leased, now: number): string {
    const seconds = Math.floor(now / 1000);
    const key = `${leased.license_id}.${leased.fingerprint_hash ?? ''}`;
    const kept = this.#kept.get(key);
    if (
      kept?.version === leased.version &&
      kept.plan_version === leased.plan_version &&
      kept.entitlements === leased.entitlements &&
      kept.retirements === this.keys.retirements &&
      isFresh(kept, seconds)
    )
      return kept.token;
    const claims = this.#claims(leased, seconds);
    const token = this.keys.sign('lease+jwt', claims);
    const { version, plan_version, entitlements } = leased;
    const { retirements } = this.keys;
    this.#kept.set(key, { version, plan_version, entitlements, retirements, iat: claims.iat, exp: claims.exp, token });
    return token;
  }

  /**
   * Prepares a lease for a borrowed session. It may be valid for longer than usual leases, and it is never reused.
   * @param latest the latest possible end of its validity, in milliseconds
   * @returns a function that makes the lease, valid until `end`
   */
  async lending(latest: number): Promise<(leased: Leased, end: number, now: number) => string> {
    const { kid, sign } = await this.keys.signer(latest);
    const jti = newId('lease');
    return (leased, end, now) => {
      const exp = Math.floor(Math.min(end, latest) / 1000);
      return compactJws('lease+jwt', kid, { ...this.#claims(leased, Math.floor(now / 1000)), jti, exp }, sign);
    };
  }

  #claims(
    { license_id, license, version, plan, entitlements, fingerprint_hash }: Leased,
    seconds: number,
  ): LeaseClaims {
    const end = graceEnd(license, plan);
    return {
      iss: this.config.public_url,
      aud: license.product_id,
      sub: license_id,
      jti: newId('lease'),
      iat: seconds,
      nbf: seconds,
      exp: leaseEnd(seconds, end === null ? null : Date.parse(end)),
      plan: plan.slug,
      status: license.status,
      entitlements,
      fingerprint_hash,
      license_version: version,
      updates_until: license.updates_until,
    };
  }
}

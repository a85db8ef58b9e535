import { Controller, Inject } from '@nestjs/common';
import { limitOf } from '#domain/licensing/license/license.limits';
import { bind, type Caller } from '#domain/licensing/license/license.binding.rules';
import {
  isUnsupported,
  isValid,
  needsActivation,
  verify,
  type VerificationCode,
} from '#domain/licensing/license/verify';
import { seesProduct } from '#platform/auth/principal';
import { CLOCK, type Clock } from '#platform/clock/clock';
import type { ServiceDatabase } from '#platform/database/database';
import { type Call, Endpoint } from '#platform/http/endpoint';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import { Problem } from '#platform/http/problem';
import { DATABASE } from '#platform/service';
import { Identities } from '../bindings/identities.ts';
import { LicenseKeys } from '../license-keys/license-keys.ts';
import { Licenses } from '../licenses/licenses.ts';
import { type Consumed, Consumption, withUse } from '../usage/consumption.ts';
import { CallerLimits } from '../identification/caller-limits.ts';
import { actorOf } from '../identification/identification.ts';
import { Leases } from './leases.ts';
import { type Found, LicenseLookup } from '../identification/license-lookup.ts';
import { ValidationLog } from './validation-log.ts';
import type { ValidationRow } from './validation.table.ts';
import { listValidations, verifyLicense } from './verification.endpoints.ts';

type VerifyCall = Call<typeof verifyLicense>;

const NO_ENTITLEMENTS = {} as const;

@Controller()
export class VerificationController {
  constructor(
    private readonly lookup: LicenseLookup,
    private readonly limits: CallerLimits,
    private readonly licenses: Licenses,
    private readonly keys: LicenseKeys,
    private readonly leases: Leases,
    private readonly consumption: Consumption,
    private readonly identities: Identities,
    private readonly log: ValidationLog,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The busiest route: answers without waiting if everything is in memory. */
  @Endpoint(verifyLicense)
  verify(call: VerifyCall): unknown {
    const found = this.lookup.remembered(call.body.license_key);
    const straight = found !== undefined && !this.limits.on && call.principal.product_id === null;
    const now = this.clock.now().toISOString();
    const consumed = straight ? this.consumption.remembered(found.id, found.granted, now) : undefined;
    return straight && consumed !== undefined
      ? this.#judge(call, found, consumed, now)
      : this.#verifySlowly(call, found);
  }

  async #verifySlowly(call: VerifyCall, remembered: Found | undefined): Promise<unknown> {
    const { license_key } = call.body;
    const found = remembered ?? (await this.lookup.byKey(license_key));
    if (found === undefined || !seesProduct(call.principal, found.license.state.product_id)) {
      await this.limits.failures.record(call.ip);
      return this.#unknown(call, this.keys.isForged(license_key) ? 'BAD_SIGNATURE' : 'NOT_FOUND');
    }
    await this.limits.take(found.id, call);
    return this.#verifyFound(call, found);
  }

  async #verifyFound(call: VerifyCall, found: Found): Promise<unknown> {
    const now = this.clock.now().toISOString();
    const consumed =
      this.consumption.remembered(found.id, found.granted, now) ??
      (await this.consumption.read(found.id, found.granted, now));
    return this.#judge(call, found, consumed, now);
  }

  /** Binds the license on first use, then verifies again: another caller may have bound it first. */
  async #bound(call: VerifyCall, id: string, caller: Caller, now: string): Promise<unknown> {
    await this.licenses.handle(id, (plan) => ({ type: 'Bind', plan, ...caller, now }), {
      metadata: call.metadata(actorOf(call.principal, id)),
    });
    const found = await this.lookup.byId(id);
    return found === undefined ? this.#unknown(call, 'NOT_FOUND') : this.#verifyFound(call, found);
  }

  #unknown(call: VerifyCall, code: VerificationCode): unknown {
    this.#note(call, code, undefined, null);
    return { valid: false, code, message: null, license: null, entitlements: NO_ENTITLEMENTS, token: null };
  }

  #judge(call: VerifyCall, found: Found, consumed: Consumed, now: string): unknown {
    const { identifier, identity, product: asked, entitlements: wanted = [], version, release_date } = call.body;
    const { id, license, plan, product, granted } = found;
    const at = Date.parse(now);
    if (identifier === undefined && needsActivation(product.state, plan.state)) throw identifierMissing();
    const identifier_hash = identifier === undefined ? undefined : this.lookup.fingerprint(identifier);
    const identity_hash = this.identities.hash(identity, plan.state.bound_identity);
    const code = verify(
      { license: license.state, plan: plan.state, product: product.state, entitlements: granted.claims },
      {
        product: asked,
        identifier_hash,
        identity_hash,
        entitlements: wanted,
        version,
        release_date,
      },
      now,
    );
    const valid = isValid(code);
    const caller = { identifier_hash, identity_hash };
    if (valid && bind(license.state, plan.state, caller, now).length > 0) return this.#bound(call, id, caller, now);
    this.#note(call, code, found, identifier_hash ?? null, at);
    return {
      valid,
      code,
      message:
        code === 'VERSION_TOO_OLD' && isUnsupported(product.state, version)
          ? product.state.minimum_supported_message
          : null,
      license: view(found),
      entitlements: withUse(granted.claims, consumed),
      token: valid
        ? this.leases.for(
            {
              license_id: id,
              license: license.state,
              version: license.version,
              plan: plan.state,
              plan_version: plan.version,
              entitlements: granted.claims,
              fingerprint_hash: identifier_hash ?? null,
            },
            at,
          )
        : null,
    };
  }

  #note(
    { ip, user_agent }: VerifyCall,
    code: VerificationCode,
    found: Found | undefined,
    fingerprint_hash: string | null,
    at = this.clock.now().getTime(),
  ): void {
    const product_id = found?.license.state.product_id ?? null;
    this.log.add({ at, code, license_id: found?.id ?? null, product_id, fingerprint_hash, ip, user_agent });
  }

  @Endpoint(listValidations)
  async validations(call: Call<typeof listValidations>): Promise<unknown> {
    await this.licenses.find(call.params.id, call.principal);
    await this.log.flush();
    const { limit = DEFAULT_LIMIT, cursor } = call.query;
    const [before = null] = decodeCursor(cursor, ['number']);
    const { rows } = await this.database.pool.query<Omit<ValidationRow, 'license_id'>>({
      name: 'validations',
      text: `select id, at, code, result, product_id, fingerprint_hash, ip, user_agent from validations
        where license_id = $1 and ($2::bigint is null or id < $2) order by id desc limit $3`,
      values: [call.params.id, before, limit + 1],
    });
    return pageOf(
      rows,
      limit,
      ({ id }) => [Number(id)],
      ({ id: _id, at, ...row }) => ({ at: at.toISOString(), ...row }),
    );
  }
}

const identifierMissing = (): Problem =>
  new Problem(400, 'VALIDATION_FAILED', 'identifier is required: this product has activations.', {
    errors: [{ pointer: '/identifier', detail: 'is required' }],
  });

const view = ({ id, license: { state }, plan: { state: plan } }: Found) => ({
  id,
  status: state.status,
  product_id: state.product_id,
  plan: plan.slug,
  plan_id: state.plan_id,
  valid_from: state.valid_from,
  valid_until: state.valid_until,
  updates_until: state.updates_until,
  max_activations: limitOf(plan.max_activations, state),
  activations: state.activations.size,
});

import { randomBytes } from 'node:crypto';
import { Controller, Inject } from '@nestjs/common';
import { FILE_SECONDS, fileEnd } from '#domain/licensing/license/license.file';
import { refuse } from '#domain/licensing/license/license.errors';
import { newId } from '#domain/shared/id';
import { NONCE_BYTES } from '#events/sealing';
import { CLOCK, type Clock } from '#platform/clock/clock';
import type { Config } from '#platform/config/config';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { CONFIG } from '#platform/service';
import { SigningKeys } from '../signing-keys/signing-keys.ts';
import { type Licensed, Licenses } from '../licenses/licenses.ts';
import { actorOf, Identification } from '../identification/identification.ts';
import { type Found, LicenseLookup } from '../identification/license-lookup.ts';
import { issueLicenseFile } from './license-file.endpoints.ts';
import { licenseFile, type LicenseFileClaims } from './license-file.ts';

@Controller()
export class LicenseFileController {
  constructor(
    private readonly identification: Identification,
    private readonly licenses: Licenses,
    private readonly lookup: LicenseLookup,
    private readonly signingKeys: SigningKeys,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Endpoint(issueLicenseFile)
  async issue(call: Call<typeof issueLicenseFile>): Promise<Answer> {
    const { license_key, identifier, ttl = FILE_SECONDS.usual } = call.body;
    const found = await this.identification.byKey(license_key, call);
    const fingerprint_hash = this.lookup.fingerprint(identifier);
    const now = this.clock.now();
    // The signing key stays published until the file expires, so the limit is applied before the key is requested.
    const end = fileEnd(found.license.state, found.plan.state, now.toISOString(), ttl);
    const ttl_seconds = Math.ceil((Date.parse(end) - now.getTime()) / 1000);
    const signer = await this.signingKeys.signer(now.getTime() + ttl_seconds * 1000);
    // Created once: the answer may be built more than once and must be the same each time.
    const [jti, nonce] = [newId('lease'), randomBytes(NONCE_BYTES)];
    const answer = ({ events, ...licensed }: Licensed): Answer => {
      const [issued] = events.map(({ event }) => event);
      if (issued?.type !== 'license.file_issued') return refuse('ACTIVATION_NOT_FOUND');
      const { issued_at, expires_at } = issued;
      const claims = this.#claims(found, licensed, { jti, fingerprint_hash, issued_at, expires_at });
      const license_file = licenseFile(claims, { license_key, fingerprint_hash, nonce }, signer);
      return new Answer(200, { license_id: found.id, license_file, kid: signer.kid, issued_at, expires_at });
    };
    const outcome = await this.licenses.handle(
      found.id,
      (plan) => ({
        type: 'IssueFile',
        plan,
        product_type: found.product.state.type,
        identifier_hash: fingerprint_hash,
        ttl_seconds,
        now: now.toISOString(),
      }),
      call.command(answer, actorOf(call.principal, found.id)),
    );
    return answer(outcome);
  }

  #claims(
    { id, plan, granted }: Found,
    { state, version }: Pick<Licensed, 'state' | 'version'>,
    file: { jti: string; fingerprint_hash: string; issued_at: string; expires_at: string },
  ): LicenseFileClaims {
    if (state.status === 'none') return refuse('LICENSE_NOT_FOUND');
    const iat = seconds(file.issued_at);
    return {
      iss: this.config.public_url,
      aud: state.product_id,
      sub: id,
      jti: file.jti,
      iat,
      nbf: iat,
      exp: seconds(file.expires_at),
      plan: plan.state.slug,
      status: state.status,
      entitlements: granted.claims,
      fingerprint_hash: file.fingerprint_hash,
      license_version: version,
      updates_until: state.updates_until,
      valid_until: state.valid_until,
      licensee: { name: state.name, org_name: state.org_name },
    };
  }
}

const seconds = (time: string): number => Math.floor(Date.parse(time) / 1000);

import { Injectable } from '@nestjs/common';
import type { Principal } from '#platform/auth/principal';
import { Problem } from '#platform/http/problem';
import { Licenses } from '../licenses/licenses.ts';
import { type Caller, Identification } from '../identification/identification.ts';

/** The parts of a call about usage that name the license. */
export interface Calling extends Caller {
  readonly body: { readonly license_key?: string | undefined; readonly license_id?: string | undefined };
}

/**
 * Finds the license of a call about usage. Shipped software sends the license key; the back end of a merchant sends the license
 * id with an API key.
 */
@Injectable()
export class UsageCallers {
  constructor(
    private readonly identification: Identification,
    private readonly licenses: Licenses,
  ) {}

  /**
   * @returns the license's id
   * @throws Problem 400 unless exactly one of key and id is sent, 401 for an id without an API key
   * @throws Refusal LICENSE_NOT_FOUND
   */
  async license(call: Calling): Promise<string> {
    const { license_key, license_id } = call.body;
    if ((license_key === undefined) === (license_id === undefined)) throw notOne();
    if (license_key !== undefined) return (await this.identification.byKey(license_key, call)).id;
    return this.byId(license_id ?? '', call.principal);
  }

  /** @throws Problem 401, Refusal LICENSE_NOT_FOUND */
  async byId(license_id: string, principal: Principal): Promise<string> {
    // A call without a credential could name any license.
    if (principal.actor.type === 'system') throw anonymous();
    await this.licenses.find(license_id, principal);
    return license_id;
  }
}

const notOne = (): Problem =>
  new Problem(400, 'VALIDATION_FAILED', 'Send either license_key or license_id.', {
    errors: [{ pointer: '/license_key', detail: 'or license_id is required, and not both' }],
  });

const anonymous = (): Problem =>
  new Problem(
    401,
    'UNAUTHENTICATED',
    'A license_id needs an API key as a bearer token.',
    {},
    { 'www-authenticate': 'Bearer' },
  );

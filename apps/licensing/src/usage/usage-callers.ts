import { Injectable } from '@nestjs/common';
import type { Principal } from '#platform/auth/principal';
import { Problem } from '#platform/http/problem';
import { Licenses } from '../licenses/licenses.ts';
import { Identification } from '../verification/identification.ts';

/** A call on the use of a licence, as far as it says of which. */
export interface Calling {
  readonly principal: Principal;
  readonly ip: string;
  readonly body: { readonly license_key?: string | undefined; readonly license_id?: string | undefined };
}

/** Whose usage a call is about: shipped software shows the licence key, a merchant's back end an API key and the licence's id. */
@Injectable()
export class UsageCallers {
  constructor(
    private readonly identification: Identification,
    private readonly licenses: Licenses,
  ) {}

  /**
   * @returns the licence's id
   * @throws Problem 400 when not exactly one of key and id is given, 401 for an id without an API key
   * @throws Refusal LICENSE_NOT_FOUND
   */
  async license({ principal, ip, body: { license_key, license_id } }: Calling): Promise<string> {
    if ((license_key === undefined) === (license_id === undefined)) throw notOne();
    if (license_key !== undefined) return (await this.identification.byKey(license_key, principal, ip)).id;
    return this.byId(license_id ?? '', principal);
  }

  /** @throws Problem 401, Refusal LICENSE_NOT_FOUND */
  async byId(license_id: string, principal: Principal): Promise<string> {
    // What is not known to be an API key's call, or another credential's, is anybody's.
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

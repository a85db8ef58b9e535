import { Inject, Injectable } from '@nestjs/common';
import type { Static } from 'typebox';
import type { IssueLicense } from '#domain/licensing/license/license.commands';
import type { Plan } from '#domain/licensing/license/on-license';
import type { MasterKey } from '#platform/crypto/keys';
import { MASTER_KEY } from '#platform/service';
import type { NewLicenseKey } from '../license-keys/license-keys.ts';
import { customerOf } from './customer.ts';
import type { issueLicense } from './license.endpoints.ts';

type Asked = Static<(typeof issueLicense)['body']>;

/** Makes the command from a request, for one license and for each line of an import. */
@Injectable()
export class Issuing {
  constructor(@Inject(MASTER_KEY) private readonly masterKey: MasterKey) {}

  command(asked: Asked, plan: Plan, key: Omit<NewLicenseKey, 'text'>, now: string): IssueLicense {
    const { email, name = null, org_name = null, notes = null, metadata = {} } = asked;
    const { external_customer_id = null, external_workspace_id = null, valid_from = null, valid_until } = asked;
    const { term_anchor = null, updates_until, skip_trial = false, quantity } = asked;
    return {
      type: 'IssueLicense',
      plan,
      customer_id: this.customer(email),
      email,
      key_hash: key.hash,
      key_sealed: key.sealed,
      name,
      org_name,
      external_customer_id,
      external_workspace_id,
      notes,
      metadata,
      valid_from,
      valid_until,
      term_anchor,
      updates_until,
      skip_trial,
      quantity,
      now,
    };
  }

  /** The id of the person with an e-mail address. */
  customer(email: string): string {
    return customerOf(this.masterKey, email);
  }
}

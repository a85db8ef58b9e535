import { Inject, Injectable } from '@nestjs/common';
import type { BoundIdentity } from '#domain/licensing/plan/plan.activation-rules';
import type { MasterKey } from '#platform/crypto/keys';
import { emailIdentity } from '#platform/mail/address';
import { MASTER_KEY } from '#platform/service';

/** The keyed hash of the identity that a license is bound to. The identity cannot be derived from it. */
@Injectable()
export class Identities {
  constructor(@Inject(MASTER_KEY) private readonly masterKey: MasterKey) {}

  /** @returns undefined if the caller sends no identity, or the plan requires none */
  hash(identity: string | undefined, bound: BoundIdentity | null): string | undefined {
    if (identity === undefined || bound === null) return undefined;
    // Programs wrap keys at different columns, so white space is removed.
    const normalized = bound === 'email' ? emailIdentity(identity) : identity.replace(/\s+/g, '');
    return this.masterKey.hash('identity', `${bound} ${normalized}`);
  }
}

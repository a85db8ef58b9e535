import { Inject, Injectable } from '@nestjs/common';
import type { BoundIdentity } from '#domain/licensing/plan/plan.activation-rules';
import { normalizeEmail } from '#domain/shared/id';
import type { MasterKey } from '#platform/crypto/keys';
import { MASTER_KEY } from '#platform/service';

/** Whom licences are bound to, as it is kept: nobody can tell from it who that is. */
@Injectable()
export class Identities {
  constructor(@Inject(MASTER_KEY) private readonly masterKey: MasterKey) {}

  /** @returns undefined where none is named, or the plan asks for none */
  hash(identity: string | undefined, bound: BoundIdentity | null): string | undefined {
    if (identity === undefined || bound === null) return undefined;
    // Keys are wrapped at any column, on one system or another.
    const normalized = bound === 'email' ? normalizeEmail(identity) : identity.replace(/\s+/g, '');
    return this.masterKey.hash('identity', `${bound} ${normalized}`);
  }
}

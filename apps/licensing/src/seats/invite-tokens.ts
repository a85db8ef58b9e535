import { createHash, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { MasterKey } from '#platform/crypto/keys';
import { MASTER_KEY } from '#platform/service';

/** The id of an invitation and the hash of its token, in stored form. */
export interface NewInvite {
  readonly invite_id: string;
  readonly token_hash: string;
}

/**
 * Invitation tokens: 32 bytes that look random without the master key. A token is not stored: it is derived from the random id of
 * the invitation. So any instance can write the mail, also after a crash.
 */
@Injectable()
export class InviteTokens {
  constructor(@Inject(MASTER_KEY) private readonly masterKey: MasterKey) {}

  create(): NewInvite {
    const invite_id = randomBytes(32).toString('base64url');
    return { invite_id, token_hash: this.hash(this.token(invite_id)) };
  }

  /** Base64url, 43 characters. */
  token(invite_id: string): string {
    return this.masterKey.hash('invite-token', invite_id);
  }

  /** Base64url SHA-256 of a token, for lookup. */
  hash(token: string): string {
    return createHash('sha256').update(token).digest('base64url');
  }
}

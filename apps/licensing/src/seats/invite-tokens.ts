import { createHash, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { MasterKey } from '#platform/crypto/keys';
import { MASTER_KEY } from '#platform/service';

/** An invitation's id and the hash of its token, as they are kept. */
export interface NewInvite {
  readonly invite_id: string;
  readonly token_hash: string;
}

/**
 * Tokens of invitations: 32 bytes that nobody can tell from random ones without the master key. A token is stored nowhere;
 * it follows from the invitation's random id, so that the mail can be written by whoever comes to it, also after a crash.
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

  /** Base64url SHA-256: a token is found by it. */
  hash(token: string): string {
    return createHash('sha256').update(token).digest('base64url');
  }
}

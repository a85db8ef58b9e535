import { createHash, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { normalizeLicenseKey } from '#client/key-text';
import type { BatchTerms } from '#domain/licensing/key-batch/key-batch';
import { KEY_BYTES, licenseKey } from '#domain/licensing/license-key/license-key';
import { CODE_BYTES, redemptionCode } from '#domain/licensing/key-batch/redemption-code';
import type { MasterKey } from '#platform/crypto/keys';
import { MASTER_KEY } from '#platform/service';

export interface NewCode {
  readonly text: string;
  readonly hash: string;
}

/** Redemption codes and their license keys. Only keyed hashes of the codes are stored. */
@Injectable()
export class Codes {
  constructor(@Inject(MASTER_KEY) private readonly masterKey: MasterKey) {}

  create(): NewCode {
    const text = redemptionCode(randomBytes(CODE_BYTES));
    return { text, hash: this.hash(text) };
  }

  /** The keyed hash for lookup: the same for all spellings of the code. */
  hash(text: string): string {
    return this.masterKey.hash('redemption-code', normalizeLicenseKey(text));
  }

  /**
   * The license key that a code is redeemed for. It is derived from the code with the master key, so it is the same each time: it
   * can be printed beside the code and is not stored. Without the master key, neither can be derived from the other.
   * @returns undefined if keys are signed: a signed key names its license, which does not exist yet
   */
  licenseKey(
    code: string,
    { key_format, key_prefix }: Pick<BatchTerms, 'key_format' | 'key_prefix'>,
  ): string | undefined {
    if (key_format === 'signed') return undefined;
    let drawn: string | Buffer = this.masterKey.hash('key-of-code', normalizeLicenseKey(code));
    const draw = (): Buffer => (drawn = createHash('sha512').update(drawn).digest()).subarray(0, KEY_BYTES);
    return licenseKey(draw, key_prefix);
  }
}

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

/** Redemption codes, of which only keyed hashes are kept, and the license keys that belong to them. */
@Injectable()
export class Codes {
  constructor(@Inject(MASTER_KEY) private readonly masterKey: MasterKey) {}

  create(): NewCode {
    const text = redemptionCode(randomBytes(CODE_BYTES));
    return { text, hash: this.hash(text) };
  }

  /** The keyed hash that a code is found by: the same for all ways of writing it. */
  hash(text: string): string {
    return this.masterKey.hash('redemption-code', normalizeLicenseKey(text));
  }

  /**
   * The license key that a code is redeemed for. It is derived from the code under the master key: the same each time, so that
   * it can be printed beside the code and is not stored. Neither tells the other without the master key.
   * @returns undefined where keys are signed: a signed key names its license, which does not exist yet
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

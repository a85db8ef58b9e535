import { createHash, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { BatchTerms } from '#domain/licensing/key-batch/key-batch';
import { KEY_BYTES, licenseKey, normalizeLicenseKey } from '#domain/licensing/license-key/license-key';
import { CODE_BYTES, redemptionCode } from '#domain/licensing/key-batch/redemption-code';
import type { MasterKey } from '#platform/crypto/keys';
import { MASTER_KEY } from '#platform/service';

export interface NewCode {
  readonly text: string;
  readonly hash: string;
}

/** Redemption codes, which are kept as keyed hashes alone, and the licence keys that belong to them. */
@Injectable()
export class Codes {
  constructor(@Inject(MASTER_KEY) private readonly masterKey: MasterKey) {}

  create(): NewCode {
    const text = redemptionCode(randomBytes(CODE_BYTES));
    return { text, hash: this.hash(text) };
  }

  /** What a code is found by, however it was typed. */
  hash(text: string): string {
    return this.masterKey.hash('redemption-code', normalizeLicenseKey(text));
  }

  /**
   * The licence key that a code is redeemed for: the same each time, so that it can be printed beside the code and need not be
   * kept. Nobody can tell it from the code, nor the code from it. undefined where keys are signed: these name the licence.
   */
  licenseKey(
    code: string,
    { key_format, key_prefix }: Pick<BatchTerms, 'key_format' | 'key_prefix'>,
  ): string | undefined {
    if (key_format === 'signed') return undefined;
    const secret = this.masterKey.hash('key-of-code', normalizeLicenseKey(code));
    return licenseKey(createHash('sha512').update(secret).digest().subarray(0, KEY_BYTES), key_prefix);
  }
}

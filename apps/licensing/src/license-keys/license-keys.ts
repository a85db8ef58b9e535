import { randomBytes, randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { isSignedKey, normalizeLicenseKey } from '#client/key-text';
import type { SignedKeyClaims } from '#domain/licensing/lease/lease';
import { KEY_BYTES, licenseKey } from '#domain/licensing/license-key/license-key';
import type { Product } from '#domain/licensing/product/product';
import { CLOCK, type Clock } from '#platform/clock/clock';
import type { Config } from '#platform/config/config';
import type { MasterKey } from '#platform/crypto/keys';
import { CONFIG, MASTER_KEY } from '#platform/service';
import { SigningKeys } from '../signing-keys/signing-keys.ts';

/** A license key and its stored forms: a keyed hash for lookup, and the encrypted key. */
export interface NewLicenseKey {
  readonly text: string;
  readonly hash: string;
  readonly sealed: string;
}

@Injectable()
export class LicenseKeys {
  constructor(
    @Inject(MASTER_KEY) private readonly masterKey: MasterKey,
    @Inject(CONFIG) private readonly config: Config,
    private readonly signingKeys: SigningKeys,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  create(licenseId: string, product: Product): NewLicenseKey {
    const text =
      product.key_format === 'signed'
        ? this.#signed(licenseId, product.product_id)
        : licenseKey(() => randomBytes(KEY_BYTES), product.key_prefix);
    return { text, hash: this.hash(text), sealed: this.masterKey.seal('license-key', text, licenseId) };
  }

  /** A key that customers of the merchant already have. It is revealed exactly as they have it, so dashes and case are kept. */
  keep(licenseId: string, text: string): NewLicenseKey {
    return { text, hash: this.hash(text), sealed: this.masterKey.seal('license-key', text, licenseId) };
  }

  /** The keyed hash for lookup: the same for all spellings of the key. */
  hash(text: string): string {
    return this.masterKey.hash('license-key', normalizeLicenseKey(text));
  }

  /** @throws when the key was sealed for another license or under another master key */
  open(licenseId: string, sealed: string): string {
    return Buffer.from(this.masterKey.open('license-key', sealed, licenseId)).toString();
  }

  /**
   * Whether a key has the form of a signed key but no valid signature of this server.
   * @param key normalized
   */
  isForged(key: string): boolean {
    return isSignedKey(key) && !this.signingKeys.isOurs(key, 'license+jwt');
  }

  #signed(licenseId: string, productId: string): string {
    const claims: SignedKeyClaims = {
      iss: this.config.public_url,
      aud: productId,
      sub: licenseId,
      iat: Math.floor(this.clock.now().getTime() / 1000),
      jti: randomUUID(),
    };
    return this.signingKeys.sign('license+jwt', claims);
  }
}

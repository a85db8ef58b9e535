import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { MasterKey } from '#platform/crypto/keys';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, MASTER_KEY } from '#platform/service';
import type { SigningKeyRow } from './signing-key.table.ts';

/** The public half of a new key. */
export interface MadeKey {
  readonly kid: string;
  /** Base64url of its 32 bytes. */
  readonly public_key: string;
}

export interface KeptSecret {
  /** undefined once the key no longer signs. */
  readonly privateKey: KeyObject | undefined;
  /** Latest expiry of what it signed, in milliseconds; 0 = it signed only leases of the usual length. */
  readonly goodUntil: number;
}

/** Age at which a key that no event names is deleted: its process crashed before it could append the event. */
const FORGOTTEN_AFTER = '1 day';

/** The private halves of signing keys, encrypted. */
@Injectable()
export class SigningKeySecrets {
  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(MASTER_KEY) private readonly masterKey: MasterKey,
  ) {}

  /**
   * Makes a key. The key signs nothing until an event names it.
   * @param known all kids that events have named
   */
  async make(known: readonly string[]): Promise<MadeKey> {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const { x = '' } = publicKey.export({ format: 'jwk' });
    const kid = thumbprint(x);
    const sealed = this.masterKey.seal('signing-key', privateKey.export({ type: 'pkcs8', format: 'der' }), kid);
    await this.database.pool.query(
      `with swept as (
         delete from signing_keys where kid <> all($1) and created_at < now() - interval '${FORGOTTEN_AFTER}'
       )
       insert into signing_keys (kid, public_jwk, private_sealed) values ($2, $3, $4)`,
      [known, kid, { kty: 'OKP', crv: 'Ed25519', x }, sealed],
    );
    return { kid, public_key: x };
  }

  async open(kids: readonly string[]): Promise<ReadonlyMap<string, KeptSecret>> {
    const { rows } = await this.database.pool.query<Pick<SigningKeyRow, 'kid' | 'private_sealed' | 'good_until'>>(
      'select kid, private_sealed, good_until from signing_keys where kid = any($1)',
      [kids],
    );
    return new Map(
      rows.map(({ kid, private_sealed, good_until }) => [
        kid,
        {
          privateKey: private_sealed === null ? undefined : this.#open(kid, private_sealed),
          goodUntil: good_until === null ? 0 : Number(good_until),
        },
      ]),
    );
  }

  /** Records the expiry of something that the key signed, in milliseconds; Infinity = it never expires. */
  async extend(kid: string, until: number): Promise<void> {
    await this.database.pool.query(
      'update signing_keys set good_until = greatest(good_until, $2::timestamptz) where kid = $1',
      [kid, until === Infinity ? 'infinity' : new Date(until)],
    );
  }

  /** Deletes private halves. */
  async wipe(kids: readonly string[]): Promise<void> {
    await this.database.pool.query('update signing_keys set private_sealed = null where kid = any($1)', [kids]);
  }

  #open(kid: string, sealed: string): KeyObject {
    const key = Buffer.from(this.masterKey.open('signing-key', sealed, kid));
    return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  }
}

/** RFC 7638 thumbprint of an Ed25519 key: the required members in order, SHA-256, base64url. */
const thumbprint = (x: string): string =>
  createHash('sha256')
    .update(JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x }))
    .digest('base64url');

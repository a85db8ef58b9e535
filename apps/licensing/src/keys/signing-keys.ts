import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { compactJws, type JwsType } from '#domain/keys/lease';
import { lockKey } from '#events';
import { DATABASE, MASTER_KEY, type MasterKey, type ServiceDatabase } from '#platform';

/** JWK of an Ed25519 public key (RFC 8037), as it is published. */
export interface PublicJwk {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
  readonly kid: string;
  readonly use: 'sig';
  readonly alg: 'EdDSA';
}

interface SigningKey {
  readonly kid: string;
  readonly jwk: PublicJwk;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  readonly signsFrom: number;
}

/** How long a new key is only published: longer than anybody caches the key set. */
const PUBLISHED_FIRST_MS = 600_000;
/** How often other instances' rotations are looked for. */
const REFRESH_MS = 60_000;

/** The service's Ed25519 keys. The first is made at first boot, by one of the instances that start. */
@Injectable()
export class SigningKeys implements OnModuleInit {
  #keys: readonly SigningKey[] = [];
  #readAt = 0;

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(MASTER_KEY) private readonly masterKey: MasterKey,
  ) {}

  async onModuleInit(): Promise<void> {
    const client = await this.database.pool.connect();
    const lock = lockKey(`keyledger:signing-keys:${this.database.schema}`);
    try {
      await client.query('select pg_advisory_lock($1)', [lock]);
      await this.#read();
      if (this.#keys.length === 0) await this.#make(0);
      await this.#read();
    } finally {
      await client.query('select pg_advisory_unlock($1)', [lock]);
      client.release();
    }
  }

  /** Makes the next key: it is published now and signs in ten minutes. @returns its id */
  async rotate(): Promise<string> {
    const kid = await this.#make(PUBLISHED_FIRST_MS);
    await this.#read();
    return kid;
  }

  /** Every key whose signatures may still be good, newest first. */
  async published(): Promise<readonly PublicJwk[]> {
    await this.#refresh();
    return this.#keys.map(({ jwk }) => jwk);
  }

  /** The same in PEM (SPKI), one after the other. */
  async pem(): Promise<string> {
    await this.#refresh();
    return this.#keys.map(({ publicKey }) => String(publicKey.export({ type: 'spki', format: 'pem' }))).join('');
  }

  /** A compact JWS by the key that signs now. */
  sign(type: JwsType, claims: object): string {
    const now = Date.now();
    void this.#refresh();
    const key = this.#keys.find(({ signsFrom }) => signsFrom <= now);
    if (key === undefined) throw new Error('there is no signing key');
    return compactJws(type, key.kid, claims, (input) => sign(null, input, key.privateKey));
  }

  /** Whether a compact JWS of a type was signed by one of our keys. The algorithm is ours to say, not the token's. */
  isOurs(token: string, type: JwsType): boolean {
    const [header = '', payload = '', signature = ''] = token.split('.');
    let parsed: { alg?: unknown; typ?: unknown; kid?: unknown };
    try {
      parsed = JSON.parse(Buffer.from(header, 'base64url').toString()) as typeof parsed;
    } catch {
      return false;
    }
    const key = this.#keys.find(({ kid }) => kid === parsed.kid);
    if (key === undefined || parsed.alg !== 'EdDSA' || parsed.typ !== type) return false;
    return verify(null, Buffer.from(`${header}.${payload}`), key.publicKey, Buffer.from(signature, 'base64url'));
  }

  async #make(publishedFirstMs: number): Promise<string> {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const { x = '' } = publicKey.export({ format: 'jwk' });
    const kid = thumbprint(x);
    const jwk: PublicJwk = { kty: 'OKP', crv: 'Ed25519', x, kid, use: 'sig', alg: 'EdDSA' };
    const sealed = this.masterKey.seal('signing-key', privateKey.export({ type: 'pkcs8', format: 'der' }), kid);
    await this.database.pool.query(
      `insert into signing_keys (kid, public_jwk, private_sealed, signs_from)
       values ($1, $2, $3, now() + make_interval(secs => $4))`,
      [kid, jwk, sealed, publishedFirstMs / 1000],
    );
    return kid;
  }

  async #refresh(): Promise<void> {
    if (Date.now() - this.#readAt > REFRESH_MS) await this.#read();
  }

  async #read(): Promise<void> {
    this.#readAt = Date.now();
    const { rows } = await this.database.pool.query<{
      kid: string;
      public_jwk: PublicJwk;
      private_sealed: string;
      signs_from: Date;
    }>(
      'select kid, public_jwk, private_sealed, signs_from from signing_keys where retired_at is null order by signs_from desc',
    );
    this.#keys = rows.map(({ kid, public_jwk, private_sealed, signs_from }) => ({
      kid,
      jwk: public_jwk,
      publicKey: createPublicKey({ key: { ...public_jwk }, format: 'jwk' }),
      privateKey: createPrivateKey({
        key: Buffer.from(this.masterKey.open('signing-key', private_sealed, kid)),
        format: 'der',
        type: 'pkcs8',
      }),
      signsFrom: signs_from.getTime(),
    }));
  }
}

/** RFC 7638 thumbprint of an Ed25519 key: the required members in order, SHA-256, base64url. */
const thumbprint = (x: string): string =>
  createHash('sha256')
    .update(JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x }))
    .digest('base64url');

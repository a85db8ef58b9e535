import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { compactJws, type JwsType, LEASE_SECONDS } from '#domain/licensing/lease/lease';
import { decideSigningKey, SIGNING_KEYS, signingKeyStream } from '#domain/licensing/signing-key/signing-key';
import { lockKey } from '#events/leader';
import type { EventStore } from '#events/store';
import { CLOCK, type Clock } from '#platform/clock/clock';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, EVENT_STORE, LOGGER } from '#platform/service';
import type { Logger } from '#platform/telemetry/logger';
import { SigningKeySecrets } from './signing-key.secrets.ts';

/** JWK of an Ed25519 public key (RFC 8037), as it is published. */
export interface PublicJwk {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
  readonly kid: string;
  readonly use: 'sig';
  readonly alg: 'EdDSA';
}

/** A key that signs: Ed25519 over bytes. */
export interface Signer {
  readonly kid: string;
  sign(this: void, bytes: Uint8Array): Uint8Array;
}

interface UsableKey {
  readonly kid: string;
  readonly jwk: PublicJwk;
  readonly publicKey: KeyObject;
  /** undefined once the key no longer signs. */
  readonly privateKey: KeyObject | undefined;
  readonly signsFrom: number;
}

/**
 * The Ed25519 keys of the service, at most a second behind their stream. At the first boot, one of the starting instances makes
 * the first key.
 */
@Injectable()
export class SigningKeys implements OnModuleInit {
  /** Newest first; without retired keys. */
  #keys: readonly UsableKey[] = [];
  #version = -1;
  #retirements = 0;
  #reading: Promise<void> | undefined;
  /** The latest expiry of anything that each key signed, as stored in the table, in milliseconds. */
  readonly #goodUntil = new Map<string, number>();

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly secrets: SigningKeySecrets,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async onModuleInit(): Promise<void> {
    const client = await this.database.pool.connect();
    const lock = lockKey(`keyledger:signing-keys:${this.database.schema}`);
    try {
      await client.query('select pg_advisory_lock($1)', [lock]);
      const { state } = await this.store.load(signingKeyStream, SIGNING_KEYS);
      if (state.keys.length === 0) await this.#makeFirst();
    } finally {
      await client.query('select pg_advisory_unlock($1)', [lock]);
      client.release();
    }
    await this.#read();
  }

  /** Number of retired keys. When it rises, tokens that were signed earlier may no longer verify. */
  get retirements(): number {
    if (this.#isStale()) void this.#refresh().catch((error: unknown) => this.#warn(error));
    return this.#retirements;
  }

  /** Every key whose signatures may still be valid, newest first. */
  async published(): Promise<readonly PublicJwk[]> {
    await this.#refresh();
    return this.#keys.map(({ jwk }) => jwk);
  }

  /** The same keys in PEM (SPKI), one after the other. */
  async pem(): Promise<string> {
    await this.#refresh();
    return this.#keys.map(({ publicKey }) => String(publicKey.export({ type: 'spki', format: 'pem' }))).join('');
  }

  /** A compact JWS by the key that signs now. @param claims without `exp`, the token never expires */
  sign(type: JwsType, claims: object & { readonly exp?: number }): string {
    // Not awaited: a key that this process does not know yet signs only minutes from now.
    if (this.#isStale()) void this.#refresh().catch((error: unknown) => this.#warn(error));
    const { kid, privateKey } = this.#current();
    const until = claims.exp === undefined ? Infinity : claims.exp * 1000;
    void this.#keep(kid, until).catch((error: unknown) => this.#warn(error));
    return compactJws(type, kid, claims, (input) => sign(null, input, privateKey));
  }

  /**
   * The key that signs now, for formats other than JWS.
   * @param until latest expiry of what it will sign, in milliseconds; the key stays published until then
   */
  async signer(until: number): Promise<Signer> {
    await this.#refresh();
    const { kid, privateKey } = this.#current();
    await this.#keep(kid, until);
    return { kid, sign: (bytes) => sign(null, bytes, privateKey) };
  }

  /** Whether a compact JWS of this type was signed by one of these keys. The token does not choose the algorithm. */
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

  #current(): { readonly kid: string; readonly privateKey: KeyObject } {
    const now = this.clock.now().getTime();
    const key = this.#keys.find(({ signsFrom }) => signsFrom <= now);
    if (key?.privateKey === undefined) throw new Error('there is no signing key');
    return { kid: key.kid, privateKey: key.privateKey };
  }

  /** Records an expiry later than that of a usual lease, so that the key is not retired too early. Usual leases cost no query. */
  async #keep(kid: string, until: number): Promise<void> {
    if (until <= this.clock.now().getTime() + LEASE_SECONDS * 1000 || until <= (this.#goodUntil.get(kid) ?? 0)) return;
    await this.secrets.extend(kid, until);
    this.#goodUntil.set(kid, until);
  }

  async #makeFirst(): Promise<void> {
    const made = await this.secrets.make([]);
    const now = this.clock.now().toISOString();
    await this.store.handle(
      signingKeyStream,
      SIGNING_KEYS,
      (state) => decideSigningKey({ type: 'CreateFirstKey', ...made, now }, state),
      { metadata: { actor: { type: 'system', id: 'first-boot' }, correlation_id: made.kid } },
    );
  }

  #isStale(): boolean {
    return this.store.peek(signingKeyStream, SIGNING_KEYS)?.version !== this.#version;
  }

  async #refresh(): Promise<void> {
    if (!this.#isStale()) return;
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
    await this.#reading;
  }

  async #read(): Promise<void> {
    const { state, version } = await this.store.load(signingKeyStream, SIGNING_KEYS);
    const alive = state.keys.filter(({ retired_at }) => retired_at === null);
    const secrets = await this.secrets.open(alive.map(({ kid }) => kid));
    this.#keys = alive.map(({ kid, public_key, signs_from }) => {
      const jwk: PublicJwk = { kty: 'OKP', crv: 'Ed25519', x: public_key, kid, use: 'sig', alg: 'EdDSA' };
      return {
        kid,
        jwk,
        publicKey: createPublicKey({ key: { ...jwk }, format: 'jwk' }),
        privateKey: secrets.get(kid)?.privateKey,
        signsFrom: Date.parse(signs_from),
      };
    });
    for (const [kid, { goodUntil }] of secrets) this.#goodUntil.set(kid, goodUntil);
    this.#retirements = state.keys.length - alive.length;
    this.#version = version;
  }

  #warn(error: unknown): void {
    this.logger.warn({ err: error }, 'the signing keys could not be read or extended, and it will be tried again');
  }
}

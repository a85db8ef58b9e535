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
  /** undefined once nobody signs with it any more. */
  readonly privateKey: KeyObject | undefined;
  readonly signsFrom: number;
}

/**
 * The service's Ed25519 keys, as their stream has them at most a second ago. The first is made at first boot, by one of the
 * instances that start.
 */
@Injectable()
export class SigningKeys implements OnModuleInit {
  /** Newest first; without those that have retired. */
  #keys: readonly UsableKey[] = [];
  #version = -1;
  #retirements = 0;
  #reading: Promise<void> | undefined;
  /** Until when the table knows that something a key signed is good, in milliseconds. */
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

  /** How many keys have been given up: what was signed before the last of them may not be good any more. */
  get retirements(): number {
    if (this.#isStale()) void this.#refresh().catch((error: unknown) => this.#warn(error));
    return this.#retirements;
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

  /** A compact JWS by the key that signs now. @param claims what has no `exp` is good for ever */
  sign(type: JwsType, claims: object & { readonly exp?: number }): string {
    // Not waited for: a key that is new to this process does not sign for minutes to come.
    if (this.#isStale()) void this.#refresh().catch((error: unknown) => this.#warn(error));
    const { kid, privateKey } = this.#current();
    const until = claims.exp === undefined ? Infinity : claims.exp * 1000;
    void this.#keep(kid, until).catch((error: unknown) => this.#warn(error));
    return compactJws(type, kid, claims, (input) => sign(null, input, privateKey));
  }

  /**
   * The key that signs now, for what is no JWS.
   * @param until when what it signs stops being good, at the latest, in milliseconds: so long the key stays published
   */
  async signer(until: number): Promise<Signer> {
    await this.#refresh();
    const { kid, privateKey } = this.#current();
    await this.#keep(kid, until);
    return { kid, sign: (bytes) => sign(null, bytes, privateKey) };
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

  #current(): { readonly kid: string; readonly privateKey: KeyObject } {
    const now = this.clock.now().getTime();
    const key = this.#keys.find(({ signsFrom }) => signsFrom <= now);
    if (key?.privateKey === undefined) throw new Error('there is no signing key');
    return { kid: key.kid, privateKey: key.privateKey };
  }

  /** The table is told of what outlives the usual lease before the key could retire; leases cost nothing here. */
  async #keep(kid: string, until: number): Promise<void> {
    if (until <= this.clock.now().getTime() + LEASE_SECONDS * 1000 || until <= (this.#goodUntil.get(kid) ?? 0)) return;
    await this.secrets.extend(kid, until);
    this.#goodUntil.set(kid, until);
  }

  async #makeFirst(): Promise<void> {
    const made = (await this.secrets.unnamed()) ?? (await this.secrets.make([]));
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
    this.logger.warn({ err: error }, 'the signing keys could not be looked after, and will be again');
  }
}

import { type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { JOSEError } from 'jose/errors';
import { LRUCache } from 'lru-cache';
import { realTime } from '../clock/clock.ts';
import type { RootKey } from '../crypto/keys.ts';
import type { Principal } from './principal.ts';

/** Carries the gateway's token to the services. */
export const TOKEN_HEADER = 'keyledger-principal';
/** Carries the caller's address; trusted only together with a valid token. */
export const CLIENT_IP_HEADER = 'keyledger-client-ip';

/** Lifetime of a token, and the time for which the gateway reuses it, in milliseconds. */
const LIFE_MS = 60_000;
const REUSE_MS = 20_000;
const CLAIM = 'keyledger';
const ISSUER = 'keyledger/gateway';
const AUDIENCE = 'keyledger/services';

/** The principal of a request that the gateway forwards; null = none (public routes, license keys). */
export type Forwarded = Principal | null;

/**
 * A JWT (RFC 7519), HS256 under a key that only Keyledger's own processes can derive. It is valid for a minute, so a token
 * that leaks through a log soon expires. The gateway itself refuses a revoked API key much earlier.
 */
export class InternalTokens {
  readonly #signs: Uint8Array;
  readonly #keys: readonly Uint8Array[];
  readonly #issued = new LRUCache<string, Promise<string>>({ max: 10_000, ttl: REUSE_MS });
  readonly #verified = new LRUCache<string, { readonly forwarded: Forwarded; readonly expires: number }>({
    max: 10_000,
  });

  /** @param masterKeys the current one, which signs, and the previous ones, whose tokens stay valid during a rotation */
  constructor(
    masterKeys: readonly [RootKey, ...RootKey[]],
    private readonly now: () => number = realTime,
  ) {
    this.#signs = masterKeys[0].derive('internal-token');
    this.#keys = masterKeys.map((key) => key.derive('internal-token'));
  }

  /** A token for a principal; the same token is reused for 20 s. */
  issue(forwarded: Forwarded): Promise<string> {
    const who = forwarded === null ? '' : JSON.stringify([forwarded.actor, forwarded.scopes, forwarded.product_id]);
    let token = this.#issued.get(who);
    if (token === undefined) {
      token = this.#sign(forwarded);
      this.#issued.set(who, token);
    }
    return token;
  }

  #sign(forwarded: Forwarded): Promise<string> {
    const seconds = Math.floor(this.now() / 1000);
    return new SignJWT({ [CLAIM]: forwarded })
      .setProtectedHeader({ alg: 'HS256', typ: 'keyledger+jwt' })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + LIFE_MS / 1000)
      .sign(this.#signs);
  }

  /** @returns the token's principal, or undefined when the token is forged, expired or malformed */
  async verify(token: string): Promise<Forwarded | undefined> {
    const known = this.#verified.get(token);
    if (known !== undefined && this.now() < known.expires) return known.forwarded;
    for (const key of this.#keys) {
      const payload = await this.#payload(token, key);
      if (payload === undefined) continue;
      const forwarded = parse(payload[CLAIM]);
      if (forwarded !== undefined) this.#verified.set(token, { forwarded, expires: (payload.exp ?? 0) * 1000 });
      return forwarded;
    }
    return undefined;
  }

  async #payload(token: string, key: Uint8Array): Promise<JWTPayload | undefined> {
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: ['HS256'],
        typ: 'keyledger+jwt',
        issuer: ISSUER,
        audience: AUDIENCE,
        requiredClaims: ['exp', CLAIM],
        currentDate: new Date(this.now()),
      });
      return payload;
    } catch (error) {
      if (error instanceof JOSEError) return undefined;
      throw error;
    }
  }
}

const ACTORS = ['user', 'api_key', 'license', 'system', 'provider'] as const;

/** The claim is signed by us, but a gateway of another version may have written it: it is validated like any input. */
const parse = (claim: unknown): Forwarded | undefined => {
  if (claim === null) return null;
  if (!isRecord(claim) || !isRecord(claim['actor']) || !Array.isArray(claim['scopes'])) return undefined;
  const { id } = claim['actor'];
  const type = ACTORS.find((actor) => actor === (claim['actor'] as Record<string, unknown>)['type']);
  const product_id = claim['product_id'];
  if (type === undefined || typeof id !== 'string') return undefined;
  if (product_id !== null && typeof product_id !== 'string') return undefined;
  const scopes = claim['scopes'].filter((scope) => typeof scope === 'string');
  return { actor: { type, id }, scopes, product_id };
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

import { TokenRefusedError } from './attempt-error.ts';
import type { ConnectionPool } from './connection-pool.ts';
import { exchange } from './exchange.ts';

/** Credentials of a client that asks for tokens (RFC 6749 §4.4). */
export interface Credentials {
  readonly token_url: string;
  readonly client_id: string;
  readonly client_secret: string;
  readonly scope: string | undefined;
}

/** A token is no longer used so long before it expires, in milliseconds: a delivery takes a while. */
const MARGIN_MS = 30_000;
/** How long a token is used whose lifetime the server does not tell, in milliseconds. */
const DEFAULT_LIFETIME_MS = 300_000;
/** For the whole exchange, in milliseconds. */
const TIMEOUT_MS = 15_000;
/** Of an answer. */
const LARGEST_BYTES = 65_536;

/** The access token of one endpoint. However many deliveries need it, one request fetches it; it is kept until shortly before it expires. */
export class AccessToken {
  #token: { readonly value: string; readonly until: number } | undefined;
  #asking: Promise<string> | undefined;

  constructor(private readonly credentials: Credentials) {}

  /**
   * @returns the token, and whether it was requested just now
   * @throws TokenRefusedError, or the error of the exchange with the authorization server
   */
  async get(pool: ConnectionPool): Promise<readonly [token: string, fresh: boolean]> {
    if (this.#token !== undefined && this.#token.until > performance.now()) return [this.#token.value, false];
    this.#asking ??= this.#ask(pool).finally(() => (this.#asking = undefined));
    return [await this.#asking, true];
  }

  /** The endpoint refused this token: the next delivery asks for another, unless another delivery has done so already. */
  reject(token: string): void {
    if (this.#token?.value === token) this.#token = undefined;
  }

  async #ask(pool: ConnectionPool): Promise<string> {
    const { token_url, client_id, client_secret, scope } = this.credentials;
    const { origin, pathname, search } = new URL(token_url);
    const form = new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) });
    const basic = Buffer.from(`${encodeURIComponent(client_id)}:${encodeURIComponent(client_secret)}`).toString(
      'base64',
    );
    const { status, body, malformed } = await exchange(
      pool,
      {
        method: 'POST',
        origin,
        path: pathname + search,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          accept: 'application/json',
          authorization: `Basic ${basic}`,
        },
        body: form.toString(),
      },
      { headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS, bytes: LARGEST_BYTES },
      AbortSignal.timeout(TIMEOUT_MS),
    );
    if (malformed !== undefined) throw malformed;
    const { access_token, token_type, expires_in } = status === 200 ? parsed(body.toString()) : {};
    if (typeof access_token !== 'string' || !/^[!-~]+$/.test(access_token) || !/^bearer$/i.test(String(token_type))) {
      throw new TokenRefusedError(`${origin} answered ${status} without a bearer token`);
    }
    const lasts = typeof expires_in === 'number' && expires_in > 0 ? expires_in * 1_000 : DEFAULT_LIFETIME_MS;
    this.#token = { value: access_token, until: performance.now() + Math.max(0, lasts - MARGIN_MS) };
    return access_token;
  }
}

const parsed = (text: string): { access_token?: unknown; token_type?: unknown; expires_in?: unknown } => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
};

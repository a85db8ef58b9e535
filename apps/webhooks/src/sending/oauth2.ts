import type { Dispatcher } from 'undici';
import { bodyUpTo } from './body.ts';

/** How a token is asked for (RFC 6749 §4.4). */
export interface Credentials {
  readonly token_url: string;
  readonly client_id: string;
  readonly client_secret: string;
  readonly scope: string | undefined;
}

/** The authorization server gave no token. */
export class TokenRefusedError extends Error {
  override readonly name = 'TokenRefusedError';
  readonly code = 'TOKEN_REFUSED';
}

/** A token is given up so long before it ends, in milliseconds: deliveries are on their way for a while. */
const MARGIN_MS = 30_000;
/** For how long a token is taken whose end is not told, in milliseconds. */
const UNTOLD_MS = 300_000;
const LARGEST_BYTES = 65_536;
const PATIENCE_MS = 15_000;

/** The access token of one endpoint: asked for once, however many deliveries wait for it, and kept until shortly before its end. */
export class AccessToken {
  #token: { readonly value: string; readonly until: number } | undefined;
  #asking: Promise<string> | undefined;

  constructor(private readonly credentials: Credentials) {}

  /**
   * @returns the token, and whether it has just been given
   * @throws TokenRefusedError, or what kept the server from being reached
   */
  async get(agent: Dispatcher): Promise<readonly [token: string, fresh: boolean]> {
    if (this.#token !== undefined && this.#token.until > performance.now()) return [this.#token.value, false];
    this.#asking ??= this.#ask(agent).finally(() => (this.#asking = undefined));
    return [await this.#asking, true];
  }

  /** The endpoint did not take this token: the next delivery asks for another, unless that has happened already. */
  reject(token: string): void {
    if (this.#token?.value === token) this.#token = undefined;
  }

  async #ask(agent: Dispatcher): Promise<string> {
    const { token_url, client_id, client_secret, scope } = this.credentials;
    const { origin, pathname, search } = new URL(token_url);
    const form = new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) });
    const basic = Buffer.from(`${encodeURIComponent(client_id)}:${encodeURIComponent(client_secret)}`).toString(
      'base64',
    );
    const { statusCode, body } = await agent.request({
      origin,
      path: pathname + search,
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
        authorization: `Basic ${basic}`,
      },
      body: form.toString(),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const text = (await bodyUpTo(body, LARGEST_BYTES)).toString();
    const { access_token, token_type, expires_in } = statusCode === 200 ? parsed(text) : {};
    if (typeof access_token !== 'string' || !/^[!-~]+$/.test(access_token) || !/^bearer$/i.test(String(token_type))) {
      throw new TokenRefusedError(`${origin} answered ${statusCode} without a bearer token`);
    }
    const lasts = typeof expires_in === 'number' && expires_in > 0 ? expires_in * 1_000 : UNTOLD_MS;
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

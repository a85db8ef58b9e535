import { type Dispatcher, errors, Pool } from 'undici';
import { type InternalTokens, TOKEN_HEADER } from '#platform/auth/internal-token';
import type { Principal } from '#platform/auth/principal';
import { Problem } from '#platform/http/problem';

/** Time limits in milliseconds. A service that does not answer within them is reported with 504. */
const CONNECT_MS = 2_000;
const HEADERS_MS = 30_000;
const BODY_MS = 60_000;
/** Shorter than the service's own limit (72 s): the gateway closes idle connections, so none is closed while a request starts. */
const IDLE_MS = 30_000;
const CONNECTIONS = 128;

/** A call of a service by the gateway itself. */
export interface Question {
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  /** Body, sent as JSON. */
  readonly json?: object;
  readonly signal?: AbortSignal | undefined;
}

/** A service answered a call of the gateway itself with another status than 200. */
export class UnexpectedStatusError extends Error {
  override readonly name = 'UnexpectedStatusError';

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Keep-alive connections to one service. */
export class ServiceClient {
  readonly #pool: Pool;
  readonly #path: string;

  /** @param url address of the service; it may have a path, which is put before that of each request */
  constructor(
    readonly name: string,
    readonly url: string,
  ) {
    const { origin, pathname } = new URL(url);
    this.#path = pathname.replace(/\/+$/, '');
    this.#pool = new Pool(origin, {
      connections: CONNECTIONS,
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: IDLE_MS,
      headersTimeout: HEADERS_MS,
      bodyTimeout: BODY_MS,
      connect: { timeout: CONNECT_MS },
    });
  }

  /**
   * @throws Problem 502 `SERVICE_UNAVAILABLE` if it cannot be reached, 504 `SERVICE_TIMEOUT` if it does not answer in time
   */
  async request(options: Omit<Dispatcher.RequestOptions, 'origin'>): Promise<Dispatcher.ResponseData> {
    try {
      return await this.#pool.request({ ...options, path: this.#path + options.path });
    } catch (error) {
      throw this.#problem(error);
    }
  }

  /**
   * Calls a route of the service that answers 200 with JSON.
   * @param caller identity that the call carries; null = none
   * @throws UnexpectedStatusError for another status; what `request` throws
   */
  async ask<Answer>(tokens: InternalTokens, caller: Principal | null, question: Question): Promise<Answer> {
    const { method = 'GET', path, json, signal } = question;
    const { statusCode, body } = await this.request({
      method,
      path,
      headers: {
        [TOKEN_HEADER]: await tokens.issue(caller),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      ...(signal === undefined ? {} : { signal }),
    });
    if (statusCode === 200) return (await body.json()) as Answer;
    await body.dump();
    throw new UnexpectedStatusError(statusCode, `${this.name} answered ${statusCode} for ${path}`);
  }

  #problem(error: unknown): unknown {
    if (
      error instanceof errors.HeadersTimeoutError ||
      error instanceof errors.BodyTimeoutError ||
      error instanceof errors.ConnectTimeoutError
    ) {
      return new Problem(504, 'SERVICE_TIMEOUT', `The ${this.name} service did not answer in time.`);
    }
    if (error instanceof errors.UndiciError || isNetworkError(error)) {
      return new Problem(
        502,
        'SERVICE_UNAVAILABLE',
        `The ${this.name} service cannot be reached.`,
        {},
        { 'retry-after': '1' },
      );
    }
    return error;
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

const NETWORK = /^(ECONN|EPIPE|ENOTFOUND|EAI_AGAIN|EHOST|ENET|ETIMEDOUT)/;

const isNetworkError = (error: unknown): boolean =>
  typeof error === 'object' &&
  error !== null &&
  'code' in error &&
  typeof error.code === 'string' &&
  NETWORK.test(error.code);

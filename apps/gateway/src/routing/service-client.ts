import { type Dispatcher, errors, Pool } from 'undici';
import { type InternalTokens, TOKEN_HEADER } from '#platform/auth/internal-token';
import type { ServiceName } from '#platform/config/config';
import { Problem } from '#platform/http/problem';

/** Milliseconds. A service that has not begun to answer by then is told off with 504. */
const CONNECT_MS = 2_000;
const HEADERS_MS = 30_000;
const BODY_MS = 60_000;
/** Shorter than a service's own (72 s), so that it is we who close an idle connection, never in the middle of a request. */
const IDLE_MS = 30_000;
const CONNECTIONS = 128;

/** Keep-alive connections to one service. */
export class ServiceClient {
  readonly #pool: Pool;

  constructor(
    readonly name: ServiceName,
    readonly url: string,
  ) {
    this.#pool = new Pool(url, {
      connections: CONNECTIONS,
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: IDLE_MS,
      headersTimeout: HEADERS_MS,
      bodyTimeout: BODY_MS,
      connect: { timeout: CONNECT_MS },
    });
  }

  /** @throws Problem 502 `SERVICE_UNAVAILABLE` when it cannot be reached, 504 `SERVICE_TIMEOUT` when it does not answer in time */
  async request(options: Omit<Dispatcher.RequestOptions, 'origin'>): Promise<Dispatcher.ResponseData> {
    try {
      return await this.#pool.request(options);
    } catch (error) {
      throw this.#problem(error);
    }
  }

  /** Reads a JSON document of the service's own, in nobody's name. */
  async read<Document>(path: string, tokens: InternalTokens): Promise<Document> {
    const { statusCode, body } = await this.request({
      method: 'GET',
      path,
      headers: { [TOKEN_HEADER]: await tokens.issue(null) },
    });
    if (statusCode !== 200) {
      await body.dump();
      throw new Error(`${this.name} answered ${statusCode} for ${path}`);
    }
    return (await body.json()) as Document;
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

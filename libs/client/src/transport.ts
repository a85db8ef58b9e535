import { asObject } from './bytes.ts';
import { LicenseError } from './errors.ts';

type Json = Readonly<Record<string, unknown>>;

/** Why there was no answer from the server. */
export type Silence = 'timeout' | 'unreachable' | 'server_error' | 'rate_limited' | 'no_answer_of_keyledger';

/**
 * Result of a call. Only a decision of Keyledger is an answer or a refusal. Time-outs, server errors, rate limits, and answers of
 * proxies and captive portals are silence.
 */
export type Reply =
  | {
      readonly kind: 'answer';
      readonly body: Json;
      /** Of the `Date` header, in milliseconds since 1970. */
      readonly serverTime: number | null;
    }
  | {
      readonly kind: 'refusal';
      readonly status: number;
      readonly code: string;
      readonly reason: string;
      readonly details: Json;
    }
  | {
      readonly kind: 'silence';
      readonly cause: Silence;
      readonly reason: string;
      readonly retryAfterMs: number | null;
    };

export type Silent = Extract<Reply, { kind: 'silence' }>;
export type Refused = Extract<Reply, { kind: 'refusal' }>;

export interface CallOptions {
  /** Aborts the call; the server may still carry out the request. */
  readonly signal?: AbortSignal | undefined;
}

export interface TransportOptions {
  /** Address of the license server, without a slash at its end; it may have a path. */
  readonly url: string;
  readonly fetch: typeof globalThis.fetch;
  /** Time limit of a call, in milliseconds. */
  readonly timeoutMs: number;
}

export class Transport {
  constructor(private readonly options: TransportOptions) {}

  /** POSTs to `/api/v1`. @throws LicenseError ABORTED, and nothing else */
  post(
    path: string,
    body: Json,
    { signal, keepalive = false }: CallOptions & { keepalive?: boolean } = {},
  ): Promise<Reply> {
    const headers = { 'content-type': 'application/json' };
    return this.#call(`/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body), keepalive }, signal);
  }

  /** GETs a path of the server. @throws LicenseError ABORTED, and nothing else */
  get(path: string, { signal }: CallOptions = {}): Promise<Reply> {
    return this.#call(path, { method: 'GET' }, signal);
  }

  async #call(path: string, init: RequestInit, caller: AbortSignal | undefined): Promise<Reply> {
    const { url, fetch, timeoutMs } = this.options;
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = caller === undefined ? timeout : AbortSignal.any([timeout, caller]);
    try {
      signal.throwIfAborted();
      // No cookies, no cache, and no redirects, which could send a license key to another server.
      const response = await fetch(url + path, {
        ...init,
        signal,
        credentials: 'omit',
        cache: 'no-store',
        redirect: 'error',
      });
      return replyOf(response, await response.text());
    } catch (error) {
      if (caller?.aborted) throw new LicenseError('ABORTED', 'The call was aborted.', { cause: caller.reason });
      if (timeout.aborted) return silence('timeout', `The license server did not answer within ${timeoutMs} ms.`);
      return silence('unreachable', `The license server cannot be reached: ${messageOf(error)}.`);
    }
  }
}

const replyOf = (response: Response, text: string): Reply => {
  const { status, headers } = response;
  const retryAfterMs = retryAfter(headers);
  if (status >= 500) return silence('server_error', `The license server has an error (${status}).`, retryAfterMs);
  const body = parse(text);
  const code = body?.['code'];
  if (body !== undefined && status >= 200 && status < 300) {
    const date = Date.parse(headers.get('date') ?? '');
    return { kind: 'answer', body, serverTime: Number.isNaN(date) ? null : date };
  }
  if (body === undefined || typeof code !== 'string') {
    return silence('no_answer_of_keyledger', `The answer (${status}) is not from Keyledger.`, retryAfterMs);
  }
  const reason = typeof body['detail'] === 'string' ? body['detail'] : code;
  const limited = status === 429 && code !== 'QUOTA_EXCEEDED';
  if (limited || code === 'IDEMPOTENCY_IN_PROGRESS') return silence('rate_limited', reason, retryAfterMs);
  const {
    type: _type,
    title: _title,
    status: _status,
    detail: _detail,
    instance: _instance,
    code: _code,
    ...details
  } = body;
  return { kind: 'refusal', status, code, reason, details };
};

const silence = (cause: Silence, reason: string, retryAfterMs: number | null = null): Silent => ({
  kind: 'silence',
  cause,
  reason,
  retryAfterMs,
});

const parse = (text: string): Json | undefined => {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
};

/** Milliseconds of a Retry-After header: seconds or a date (RFC 9110 §10.2.3). */
const retryAfter = (headers: Headers): number | null => {
  const value = headers.get('retry-after');
  if (value === null) return null;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, at - Date.parse(headers.get('date') ?? value));
};

const messageOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
};

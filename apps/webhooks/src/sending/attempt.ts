import { realTime } from '#platform/clock/clock';
import { type AttemptError, detailOf, reasonOf } from './attempt-error.ts';
import type { ConnectionPool } from './connection-pool.ts';
import { type Answer, exchange, type ExchangeLimits } from './exchange.ts';
import type { AccessToken } from './oauth2.ts';
import { parseRetryAfter } from './retry.ts';

/** How much of an answer's body is kept, in bytes; the rest is not read. */
export const KEPT_BYTES = 4_096;

/** One try to deliver, and its result. */
export interface Attempt {
  readonly at: Date;
  readonly duration_ms: number;
  readonly response_status: number | null;
  readonly response_body: string | null;
  readonly error: AttemptError | null;
  /** The parser's words on a malformed answer. */
  readonly error_detail: string | null;
  /** `Retry-After` of the answer, in milliseconds from when it came. */
  readonly retry_after: number | undefined;
}

/** A request, ready to be sent. */
export interface Message {
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The request carries this token, if there is one, and a newer one when the endpoint refuses it. */
  readonly token?: AccessToken;
}

/** In milliseconds. */
export type AttemptTimeouts = Pick<ExchangeLimits, 'headersTimeout' | 'bodyTimeout'>;

/**
 * Posts an event once. Nothing an endpoint does makes this throw or last longer than the timeouts of its exchanges together.
 * @param cancel when it aborts, the attempt ends with the error `TIMEOUT`
 */
export const attempt = async (
  pool: ConnectionPool,
  message: Message,
  at: Date,
  { headersTimeout, bodyTimeout }: AttemptTimeouts,
  cancel: AbortSignal,
): Promise<Attempt> => {
  const started = performance.now();
  const done = (rest: Omit<Attempt, 'at' | 'duration_ms'>): Attempt => ({
    at,
    duration_ms: Math.round(performance.now() - started),
    ...rest,
  });
  try {
    const answer = await post(pool, message, { headersTimeout, bodyTimeout, bytes: KEPT_BYTES }, cancel);
    return done({
      response_status: answer.status,
      response_body: textOf(answer.body),
      error: errorOf(answer),
      error_detail: detailOf(answer.malformed),
      retry_after: parseRetryAfter(answer.headers['retry-after'], realTime()),
    });
  } catch (error) {
    return done({
      response_status: null,
      response_body: null,
      error: reasonOf(error),
      error_detail: detailOf(error),
      retry_after: undefined,
    });
  }
};

/** A token may be withdrawn before it expires. So a 401 to a token that was kept makes a second request, with a new token. */
const post = async (
  pool: ConnectionPool,
  { token, ...message }: Message,
  limits: ExchangeLimits,
  cancel: AbortSignal,
): Promise<Answer> => {
  const request = { ...message, method: 'POST' } as const;
  if (token === undefined) return exchange(pool, request, limits, cancel);
  const carrying = (value: string): Promise<Answer> =>
    exchange(pool, { ...request, headers: { ...message.headers, authorization: `Bearer ${value}` } }, limits, cancel);
  const [value, fresh] = await token.get(pool);
  const answer = await carrying(value);
  if (answer.status !== 401) return answer;
  token.reject(value);
  if (fresh) return answer;
  const [another] = await token.get(pool);
  return carrying(another);
};

/** 2xx and nothing else. */
export const succeeded = ({ response_status: status }: Attempt): boolean =>
  status !== null && status >= 200 && status < 300;

const errorOf = ({ status, malformed }: Answer): AttemptError | null => {
  if (status >= 300 && status < 400) return 'REDIRECT_NOT_FOLLOWED';
  return malformed === undefined ? null : reasonOf(malformed);
};

/** PostgreSQL cannot store NUL in text. */
const textOf = (body: Buffer): string => body.toString('utf8').replaceAll('\0', '\uFFFD');

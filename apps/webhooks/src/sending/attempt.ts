import type { Dispatcher } from 'undici';
import { bodyUpTo } from './body.ts';
import type { AccessToken } from './oauth2.ts';
import { parseRetryAfter } from './retry.ts';

/** How much of an answer's body is kept, in bytes; the rest is not read. */
export const KEPT_BYTES = 4_096;

/** Why an attempt had no answer, or one that is not taken. */
export type AttemptError =
  | 'ADDRESS_REFUSED'
  | 'CONNECT_TIMEOUT'
  | 'CONNECTION_REFUSED'
  | 'CONNECTION_LOST'
  | 'NAME_NOT_FOUND'
  | 'NETWORK_ERROR'
  | 'PROXY_REFUSED'
  | 'REDIRECT_NOT_FOLLOWED'
  | 'TIMEOUT'
  | 'TLS_ERROR'
  | 'TOKEN_REFUSED';

export interface Attempt {
  readonly at: Date;
  readonly duration_ms: number;
  readonly response_status: number | null;
  readonly response_body: string | null;
  readonly error: AttemptError | null;
  /** What the endpoint asked for, in milliseconds. */
  readonly retry_after: number | undefined;
}

/** A request, ready to be sent. */
export interface Message {
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Where the endpoint wants one: it is asked for, carried, and asked for again when the endpoint does not take it. */
  readonly token?: AccessToken;
}

/** Milliseconds, each for its part. */
export interface Patience {
  readonly connectTimeout: number;
  /** From the request's end to the answer's head. */
  readonly headersTimeout: number;
  readonly bodyTimeout: number;
}

/**
 * Posts an event once. Nothing an endpoint does makes this throw or last longer than its time-outs together.
 * @param cancel when it aborts, the attempt is given up and its result is of no worth
 */
export const attempt = async (
  agent: Dispatcher,
  message: Message,
  at: Date,
  { connectTimeout, headersTimeout, bodyTimeout }: Patience,
  cancel: AbortController,
): Promise<Attempt> => {
  const started = performance.now();
  const give_up = (): void => cancel.abort();
  let timer = setTimeout(give_up, connectTimeout + headersTimeout);
  const done = (rest: Omit<Attempt, 'at' | 'duration_ms'>): Attempt => {
    clearTimeout(timer);
    return { at, duration_ms: Math.round(performance.now() - started), ...rest };
  };
  let answer: Dispatcher.ResponseData;
  try {
    answer = await posted(agent, message, { headersTimeout, bodyTimeout, signal: cancel.signal });
  } catch (error) {
    return done({ response_status: null, response_body: null, error: reasonOf(error), retry_after: undefined });
  }
  clearTimeout(timer);
  timer = setTimeout(give_up, bodyTimeout);
  const response_body = await beginning(answer.body);
  const retryAfter = answer.headers['retry-after'];
  return done({
    response_status: answer.statusCode,
    response_body,
    error: answer.statusCode >= 300 && answer.statusCode < 400 ? 'REDIRECT_NOT_FOLLOWED' : null,
    retry_after: parseRetryAfter(Array.isArray(retryAfter) ? retryAfter[0] : retryAfter, Date.now()),
  });
};

type Options = Pick<Dispatcher.RequestOptions, 'headersTimeout' | 'bodyTimeout' | 'signal'>;

/** A token may have been withdrawn before its end, so 401 to one that was kept is answered with another, once. */
const posted = async (
  agent: Dispatcher,
  { token, ...message }: Message,
  options: Options,
): Promise<Dispatcher.ResponseData> => {
  const request = { ...message, ...options, method: 'POST' } as const;
  if (token === undefined) return agent.request(request);
  const carrying = (value: string): Promise<Dispatcher.ResponseData> =>
    agent.request({ ...request, headers: { ...message.headers, authorization: `Bearer ${value}` } });
  const [value, fresh] = await token.get(agent);
  const answer = await carrying(value);
  if (answer.statusCode !== 401) return answer;
  token.reject(value);
  if (fresh) return answer;
  answer.body.on('error', () => undefined).destroy();
  const [another] = await token.get(agent);
  return carrying(another);
};

/** 2xx and nothing else. */
export const succeeded = ({ response_status: status }: Attempt): boolean =>
  status !== null && status >= 200 && status < 300;

/** The first bytes of a body as text. PostgreSQL has no place for NUL in text. */
const beginning = async (body: Dispatcher.ResponseData['body']): Promise<string> =>
  (await bodyUpTo(body, KEPT_BYTES)).toString('utf8').replaceAll('\0', '\uFFFD');

const REASONS: Readonly<Record<string, AttemptError>> = {
  ADDRESS_REFUSED: 'ADDRESS_REFUSED',
  PROXY_REFUSED: 'PROXY_REFUSED',
  TOKEN_REFUSED: 'TOKEN_REFUSED',
  UND_ERR_CONNECT_TIMEOUT: 'CONNECT_TIMEOUT',
  ETIMEDOUT: 'CONNECT_TIMEOUT',
  ECONNREFUSED: 'CONNECTION_REFUSED',
  ECONNRESET: 'CONNECTION_LOST',
  EPIPE: 'CONNECTION_LOST',
  UND_ERR_SOCKET: 'CONNECTION_LOST',
  UND_ERR_HEADERS_TIMEOUT: 'TIMEOUT',
  UND_ERR_ABORTED: 'TIMEOUT',
  ABORT_ERR: 'TIMEOUT',
  ENOTFOUND: 'NAME_NOT_FOUND',
  EAI_AGAIN: 'NAME_NOT_FOUND',
};

/** Why there was no answer. */
export const reasonOf = (error: unknown): AttemptError => {
  const { code, name } = error as { code?: unknown; name?: unknown };
  if (name === 'AbortError' || name === 'TimeoutError') return 'TIMEOUT';
  if (typeof code !== 'string') return 'NETWORK_ERROR';
  return (
    REASONS[code] ??
    (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(code) ? 'TLS_ERROR' : 'NETWORK_ERROR')
  );
};

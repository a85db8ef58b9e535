import { isNativeError } from 'node:util/types';

/** Why an attempt had no answer, or an answer that does not count as taken. */
export type AttemptError =
  | 'ADDRESS_REFUSED'
  | 'BAD_RESPONSE'
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

/** The connection leads to an address that webhooks must not reach. */
export class AddressRefusedError extends Error {
  override readonly name = 'AddressRefusedError';
  readonly code = 'ADDRESS_REFUSED';
  constructor(address: string) {
    super(`webhooks do not reach ${address}`);
  }
}

/** The answer is not what HTTP/1.1 allows. The message is the parser's. */
export class BadResponseError extends Error {
  override readonly name = 'BadResponseError';
  readonly code = 'BAD_RESPONSE';
}

/** The connection did not open in time. */
export class ConnectTimeoutError extends Error {
  override readonly name = 'ConnectTimeoutError';
  readonly code = 'CONNECT_TIMEOUT';
  constructor(milliseconds: number) {
    super(`no connection within ${milliseconds} ms`);
  }
}

/** The proxy did not open the tunnel. */
export class ProxyRefusedError extends Error {
  override readonly name = 'ProxyRefusedError';
  readonly code = 'PROXY_REFUSED';
}

/** The answer's head did not come in time, or the exchange was canceled. */
export class ExchangeTimeoutError extends Error {
  override readonly name = 'ExchangeTimeoutError';
  readonly code = 'TIMEOUT';
}

/** The authorization server gave no token. */
export class TokenRefusedError extends Error {
  override readonly name = 'TokenRefusedError';
  readonly code = 'TOKEN_REFUSED';
}

/** Codes of the errors above, and of Node's. */
const REASONS: Readonly<Record<string, AttemptError>> = {
  ADDRESS_REFUSED: 'ADDRESS_REFUSED',
  BAD_RESPONSE: 'BAD_RESPONSE',
  CONNECT_TIMEOUT: 'CONNECT_TIMEOUT',
  PROXY_REFUSED: 'PROXY_REFUSED',
  TIMEOUT: 'TIMEOUT',
  TOKEN_REFUSED: 'TOKEN_REFUSED',
  ETIMEDOUT: 'CONNECT_TIMEOUT',
  ECONNREFUSED: 'CONNECTION_REFUSED',
  ECONNRESET: 'CONNECTION_LOST',
  EPIPE: 'CONNECTION_LOST',
  ENOTFOUND: 'NAME_NOT_FOUND',
  EAI_AGAIN: 'NAME_NOT_FOUND',
};

/** Why there was no answer. */
export const reasonOf = (error: unknown): AttemptError => {
  const code = isNativeError(error) && 'code' in error ? error.code : undefined;
  if (typeof code !== 'string') return 'NETWORK_ERROR';
  return (
    REASONS[code] ??
    (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(code) ? 'TLS_ERROR' : 'NETWORK_ERROR')
  );
};

/** The parser's words on a malformed answer; null for every other error, as their messages may tell of inner addresses. */
export const detailOf = (error: unknown): string | null => (error instanceof BadResponseError ? error.message : null);

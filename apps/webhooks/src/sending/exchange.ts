import { type Agent, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { BadResponseError, ExchangeTimeoutError } from './attempt-error.ts';
import type { ConnectionPool } from './connection-pool.ts';

export interface HttpRequest {
  readonly method: 'OPTIONS' | 'POST';
  /** Scheme, host and port, as the `origin` of a `URL`. */
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** How much an endpoint gets, beside the time to connect, which is its pool's. Times in milliseconds. */
export interface ExchangeLimits {
  /** From the open connection to the answer's head. */
  readonly headersTimeout: number;
  /** For the answer's body. */
  readonly bodyTimeout: number;
  /** Bytes of the answer's body that are read. */
  readonly bytes: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The first bytes of the body. Of a body that breaks off, hangs or never ends, what came in time. */
  readonly body: Buffer;
  /** The head was read, but the body is not what HTTP/1.1 allows. */
  readonly malformed: BadResponseError | undefined;
}

/** The server closed a reused connection before the first byte of an answer. */
class StaleConnectionError extends Error {
  override readonly name = 'StaleConnectionError';
}

/**
 * Sends a request and reads its answer. Interim answers (1xx) before it are skipped, asked for or not (RFC 9110 §15.2). A server may close
 * an idle connection just as a request goes out on it (RFC 9112 §9.3.1): where a reused connection ends without a byte of an answer,
 * the request is sent once more, on a new connection.
 * @param cancel ends the exchange, at whatever point it is
 * @throws BadResponseError, ExchangeTimeoutError, or the error of the connection
 */
export const exchange = async (
  pool: ConnectionPool,
  { method, origin, path, headers, body }: HttpRequest,
  limits: ExchangeLimits,
  cancel: AbortSignal,
): Promise<Answer> => {
  const { protocol, hostname, port } = new URL(origin);
  if (protocol !== 'http:' && protocol !== 'https:') throw new TypeError(`${protocol} is not HTTP`);
  const options = { protocol, host: hostname.replace(/^\[|\]$/g, ''), port, method, path, headers };
  const once = (agent: Agent): Promise<Answer> => send(request({ ...options, agent }), body, limits, cancel);
  try {
    return await once(pool.reusing(protocol));
  } catch (error) {
    if (!(error instanceof StaleConnectionError)) throw error;
    return once(pool.fresh(protocol));
  }
};

const send = (
  outgoing: ClientRequest,
  body: string | undefined,
  { headersTimeout, bodyTimeout, bytes }: ExchangeLimits,
  cancel: AbortSignal,
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    let answered = false;
    let malformed: BadResponseError | undefined;
    let readBefore = 0;
    let timer: NodeJS.Timeout | undefined;
    const end = (): void => {
      clearTimeout(timer);
      cancel.removeEventListener('abort', giveUp);
    };
    const fail = (error: Error): void => {
      end();
      reject(error);
    };
    const giveUp = (): void => {
      outgoing.destroy();
      // With a head there is an answer: the body's reader ends it.
      if (!answered) fail(new ExchangeTimeoutError('no answer in time'));
    };
    const allow = (milliseconds: number): void => {
      clearTimeout(timer);
      timer = setTimeout(giveUp, milliseconds);
    };

    outgoing.on('socket', (socket) => {
      readBefore = socket.bytesRead;
      allow(headersTimeout);
    });
    outgoing.on('response', (incoming) => {
      answered = true;
      allow(bodyTimeout);
      void firstBytes(incoming, bytes).then((first) => {
        end();
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: first, malformed });
      });
    });
    outgoing.on('upgrade', (_, socket) => {
      socket.destroy();
      fail(new BadResponseError('101 Switching Protocols was not asked for'));
    });
    outgoing.on('error', (error) => {
      const told = isParserError(error) ? new BadResponseError(error.message) : error;
      if (answered) malformed = told instanceof BadResponseError ? told : undefined;
      else fail(isStale(outgoing, error, readBefore) ? new StaleConnectionError(error.message) : told);
    });
    cancel.addEventListener('abort', giveUp, { once: true });
    if (cancel.aborted) giveUp();
    else outgoing.end(body);
  });

/** Codes of Node's HTTP parser (llhttp). */
const isParserError = (error: NodeJS.ErrnoException): boolean => error.code?.startsWith('HPE_') === true;

const isStale = (
  { reusedSocket, socket }: ClientRequest,
  { code }: NodeJS.ErrnoException,
  readBefore: number,
): boolean => reusedSocket && (code === 'ECONNRESET' || code === 'EPIPE') && socket?.bytesRead === readBefore;

const firstBytes = (body: IncomingMessage, bytes: number): Promise<Buffer> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    body.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      // Ends the connection, too.
      if (size > bytes) body.destroy();
    });
    // The status decides, not the body: of a body that breaks off, what came before counts.
    body.on('error', () => undefined);
    body.on('close', () => resolve(Buffer.concat(chunks).subarray(0, bytes)));
    if (bytes === 0) body.destroy();
  });

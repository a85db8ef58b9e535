import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

/** Answers by the codes of the HTTP parser. */
const REASONS: Readonly<Record<string, readonly [number, string, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'HEADERS_TOO_LARGE', 'The address and the headers are larger than 16 KiB together.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'REQUEST_TIMEOUT', 'The request took too long to arrive.'],
};
const UNREADABLE = [400, 'MALFORMED_REQUEST', 'The request cannot be read as HTTP.'] as const;

/** Answers a request that cannot be parsed with a problem, and closes the connection: the parser cannot find a next request in it. */
export const answerClientError =
  (publicUrl: string) =>
  (error: Error & { readonly code?: string }, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
      socket.destroy();
      return;
    }
    const [status, code, detail] = REASONS[error.code ?? ''] ?? UNREADABLE;
    const title = STATUS_CODES[status] ?? 'Error';
    const body = JSON.stringify({ type: `${publicUrl}/problems/${code}`, title, status, detail, code });
    socket.end(
      `HTTP/1.1 ${status} ${title}\r\ncontent-type: application/problem+json\r\n` +
        `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
  };

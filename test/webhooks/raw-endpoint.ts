import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

/** A request as it arrived on a socket. Connections and the requests on each are counted from 1. */
export interface RawRequest {
  readonly connection: number;
  readonly request: number;
  readonly head: string;
  /** Its `webhook-id`. */
  readonly id: string;
}

export interface RawEndpoint {
  readonly url: string;
  readonly received: RawRequest[];
  close(): void;
}

/**
 * A server that answers complete requests with whatever bytes a test writes to the socket.
 * @param certificate of the server, in PEM; without one it does not speak TLS
 */
export const startRawEndpoint = async (
  answering: (socket: Socket, request: RawRequest) => void,
  certificate?: { readonly cert: string; readonly key: string },
): Promise<RawEndpoint> => {
  const received: RawRequest[] = [];
  const sockets = new Set<Socket>();
  const serve = (socket: Socket): void => {
    sockets.add(socket.on('error', () => undefined));
    const connection = sockets.size;
    let request = 0;
    let bytes = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      bytes += chunk;
      const [head = ''] = bytes.split('\r\n\r\n', 1);
      const end = head.length + 4 + Number(/\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (bytes.length < end) return;
      bytes = bytes.slice(end);
      const one = { connection, request: ++request, head, id: /\nwebhook-id: (\S+)/i.exec(head)?.[1] ?? '' };
      received.push(one);
      answering(socket, one);
    });
  };
  const server = certificate === undefined ? createServer(serve) : createTlsServer(certificate, serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`,
    received,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
};

/** An answer without a body, as most endpoints give it. */
export const NO_CONTENT = 'HTTP/1.1 204 No Content\r\n\r\n';

import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { ConnectTimeoutError, ProxyRefusedError } from './attempt-error.ts';

/**
 * A connection through an HTTP proxy (`CONNECT`, RFC 9110 §9.3.6) to an address: the name has been looked up and judged before, so
 * the proxy looks up nothing.
 * @param proxy `http` or `https`, with credentials if it wants any
 * @param timeout milliseconds until the tunnel must be open
 * @throws ProxyRefusedError, ConnectTimeoutError, or the error of the connection to the proxy
 */
export const tunnel = (proxy: URL, address: string, port: number, timeout: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const authority = `${address.includes(':') ? `[${address}]` : address}:${port}`;
    const credentials = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
    const request = (proxy.protocol === 'https:' ? httpsRequest : httpRequest)({
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port === '' ? (proxy.protocol === 'https:' ? 443 : 80) : Number(proxy.port),
      method: 'CONNECT',
      path: authority,
      agent: false,
      headers: {
        host: authority,
        ...(proxy.username === ''
          ? {}
          : { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` }),
      },
    });
    const timer = setTimeout(() => request.destroy(new ConnectTimeoutError(timeout)), timeout);
    const refused = (status: number): ProxyRefusedError => new ProxyRefusedError(`the proxy answered ${status}`);
    request.on('connect', ({ statusCode = 0 }, socket: Socket) => {
      clearTimeout(timer);
      if (statusCode >= 200 && statusCode < 300) {
        resolve(socket);
        return;
      }
      socket.destroy();
      reject(refused(statusCode));
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      // A malformed answer of the proxy is no answer of the endpoint.
      reject(error.code?.startsWith('HPE_') === true ? new ProxyRefusedError(error.message) : error);
    });
    request.end();
  });

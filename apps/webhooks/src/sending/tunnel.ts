import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';

/** The proxy did not open the tunnel. */
export class ProxyRefusedError extends Error {
  override readonly name = 'ProxyRefusedError';
  readonly code = 'PROXY_REFUSED';
}

class TunnelTimeoutError extends Error {
  override readonly name = 'TunnelTimeoutError';
  readonly code = 'UND_ERR_CONNECT_TIMEOUT';
}

/**
 * A connection through an HTTP proxy (`CONNECT`, RFC 9110 §9.3.6), to an address: the name has been looked up and judged before, and
 * the proxy looks up nothing.
 * @param proxy `http` or `https`, with credentials if it wants any
 * @param patience milliseconds until the tunnel must be open
 */
export const tunnel = (proxy: URL, address: string, port: number, patience: number): Promise<Socket> =>
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
    const timer = setTimeout(() => request.destroy(new TunnelTimeoutError('the proxy took too long')), patience);
    const refused = (status: number | undefined): ProxyRefusedError =>
      new ProxyRefusedError(`the proxy answered ${status ?? 'nothing'}`);
    request.on('connect', ({ statusCode }, socket) => {
      clearTimeout(timer);
      if (statusCode === 200) {
        resolve(socket as Socket);
        return;
      }
      socket.destroy();
      reject(refused(statusCode));
    });
    request.on('response', (response) => {
      clearTimeout(timer);
      response.destroy();
      reject(refused(response.statusCode));
    });
    request.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    request.end();
  });

import { lookup as systemLookup } from 'node:dns';
import type { ClientRequestArgs } from 'node:http';
import { isIP, type LookupFunction, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ConnectionOptions } from 'node:tls';
import type { AddressRule } from './addresses.ts';
import { AddressRefusedError, ConnectTimeoutError } from './attempt-error.ts';
import type { DeliverySettings } from './settings.ts';
import { tunnel } from './tunnel.ts';

export interface Connecting {
  readonly refused: AddressRule;
  /** Finds the addresses of a name, and fails when one of them is refused. */
  readonly lookup: LookupFunction;
  /** An HTTP proxy that tunnels every connection. */
  readonly proxy: URL | undefined;
  /** Milliseconds until the connection, its tunnel and TLS included, must be open. */
  readonly timeout: number;
}

export const connecting = (
  refused: AddressRule,
  { lookup = systemLookup, proxy }: Pick<DeliverySettings, 'lookup' | 'proxy'>,
  timeout: number,
): Connecting => ({
  refused,
  lookup: judgedLookup(refused, lookup),
  proxy: proxy === undefined ? undefined : new URL(proxy),
  timeout,
});

type SocketOptions = ClientRequestArgs & Pick<ConnectionOptions, 'socket' | 'secureContext'>;

/** How an agent of Node's makes the socket: TCP, or TLS over TCP or over `options.socket`. */
export type MakeSocket = (options: SocketOptions) => Duplex | null | undefined;

/**
 * Opens a connection to an address that webhooks may reach. The address is judged where it is used: each one that DNS gives to this
 * connection, and at the end the one that the socket has. A name that resolves differently a moment later gains nothing.
 * @throws AddressRefusedError, ConnectTimeoutError, ProxyRefusedError, or the error of DNS, TCP or TLS
 */
export const openConnection = async (
  { refused, lookup, proxy, timeout }: Connecting,
  options: ClientRequestArgs,
  make: MakeSocket,
): Promise<Socket> => {
  const secure = options.protocol === 'https:';
  const host = options.host ?? '';
  const literal = isIP(host) === 0 ? undefined : host;
  if (literal !== undefined && refused(literal)) throw new AddressRefusedError(literal);
  if (proxy === undefined) {
    const socket = await connected(make({ ...options, lookup }), secure ? 'secureConnect' : 'connect', timeout);
    const { remoteAddress = 'an unknown address' } = socket;
    if (!refused(remoteAddress)) return socket;
    socket.destroy();
    throw new AddressRefusedError(remoteAddress);
  }
  // The socket's own address is that of the proxy. So the target's is judged before, and the proxy gets the address, not the name.
  const address = literal ?? (await firstAddress(lookup, host));
  const tunneled = await tunnel(proxy, address, Number(options.port), timeout);
  return secure ? connected(make({ ...options, socket: tunneled }), 'secureConnect', timeout) : tunneled;
};

const connected = (
  socket: ReturnType<MakeSocket>,
  event: 'connect' | 'secureConnect',
  timeout: number,
): Promise<Socket> =>
  new Promise((resolve, reject) => {
    if (!(socket instanceof Socket)) throw new Error('an agent made no socket');
    const timer = setTimeout(() => socket.destroy(new ConnectTimeoutError(timeout)), timeout);
    socket.once(event, () => {
      clearTimeout(timer);
      resolve(socket);
    });
    // Stays: the socket has no other listener for errors until the request takes it over.
    socket.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });

/** One refused address among several spoils the name: otherwise an attacker would only have to wait until the right one is taken. */
const judgedLookup =
  (refused: AddressRule, lookup: LookupFunction): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found, family) => {
      const addresses = Array.isArray(found) ? found : [{ address: found, family: family ?? 0 }];
      const [first] = addresses;
      if (error !== null || first === undefined) {
        callback(error ?? new Error(`${hostname} has no address`), []);
        return;
      }
      const bad = addresses.find(({ address }) => refused(address));
      if (bad !== undefined) callback(new AddressRefusedError(bad.address), []);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };

const firstAddress = (lookup: LookupFunction, host: string): Promise<string> =>
  new Promise((resolve, reject) => {
    lookup(host, { all: false }, (error, address) => {
      const [first] = Array.isArray(address) ? address.map((found) => found.address) : [address];
      if (error !== null || first === undefined) reject(error ?? new Error(`${host} has no address`));
      else resolve(first);
    });
  });

import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { rootCertificates } from 'node:tls';
import { Agent, buildConnector } from 'undici';
import { type AddressRule, literalAddress } from './addresses.ts';
import type { DeliverySettings } from './settings.ts';
import type { Target } from './target.ts';
import { tunnel } from './tunnel.ts';

/** A connection to an address that webhooks must not reach was about to be made. */
export class AddressRefusedError extends Error {
  override readonly name = 'AddressRefusedError';
  readonly code = 'ADDRESS_REFUSED';
  constructor(address: string) {
    super(`webhooks do not reach ${address}`);
  }
}

/**
 * Connections of webhooks. The address is judged where it is used: every address that DNS gave to the very connection attempt,
 * and at the end that of the socket. A name that answers differently a moment later gains nothing.
 */
export const webhookAgent = (
  refused: AddressRule,
  settings: DeliverySettings,
  { connectTimeout, certificate }: Pick<Target, 'connectTimeout' | 'certificate'> = {
    connectTimeout: settings.connectTimeout,
    certificate: undefined,
  },
): Agent => {
  const lookup = judgedLookup(refused, settings.lookup ?? systemLookup);
  const connect = buildConnector({
    timeout: connectTimeout,
    ...certificate,
    ...(settings.authorities === undefined ? {} : { ca: [...rootCertificates, settings.authorities] }),
    lookup,
    allowH2: false,
  });
  const judged: buildConnector.connector = (options, callback) => {
    const literal = literalAddress(new URL(`${options.protocol}//${options.host ?? options.hostname}`));
    if (literal !== undefined && refused(literal)) {
      callback(new AddressRefusedError(literal), null);
      return;
    }
    if (settings.proxy !== undefined) {
      const way = { proxy: new URL(settings.proxy), lookup, literal, patience: connectTimeout };
      throughProxy(way, options, connect, callback);
      return;
    }
    connect(options, (...[error, socket]) => {
      if (error !== null) {
        callback(error, null);
        return;
      }
      const { remoteAddress = 'an unknown address' } = socket;
      if (!refused(remoteAddress)) {
        callback(null, socket);
        return;
      }
      socket.destroy();
      callback(new AddressRefusedError(remoteAddress), null);
    });
  };
  return new Agent({
    connect: judged,
    keepAliveTimeout: 10_000,
    pipelining: 1,
  });
};

/** One refused address among several spoils the name: an attacker would only have to answer until the right one is taken. */
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

interface Way {
  readonly proxy: URL;
  readonly lookup: LookupFunction;
  /** The address that the URL itself names, judged already. */
  readonly literal: string | undefined;
  /** Milliseconds. */
  readonly patience: number;
}

/** What the socket is connected to is the proxy, so the address is judged before, and the proxy is told that and no name. */
const throughProxy = (
  { proxy, lookup, literal, patience }: Way,
  options: buildConnector.Options,
  connect: buildConnector.connector,
  callback: buildConnector.Callback,
): void => {
  const port = options.port === '' ? (options.protocol === 'https:' ? 443 : 80) : Number(options.port);
  const opened = (address: string): void => {
    tunnel(proxy, address, port, patience).then(
      (socket) => {
        if (options.protocol === 'https:') connect({ ...options, httpSocket: socket }, callback);
        else callback(null, socket);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), null),
    );
  };
  if (literal !== undefined) {
    opened(literal);
    return;
  }
  lookup(options.hostname, { all: false }, (error, address) => {
    const [one] = Array.isArray(address) ? address.map((found) => found.address) : [address];
    if (error !== null || one === undefined) callback(error ?? new Error(`${options.hostname} has no address`), null);
    else opened(one);
  });
};

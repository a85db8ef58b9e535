import { Agent as HttpAgent, type AgentOptions } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Socket } from 'node:net';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { isNativeError } from 'node:util/types';
import { LRUCache } from 'lru-cache';
import type { AddressRule } from './addresses.ts';
import { type Connecting, connecting, type MakeSocket, openConnection } from './connecting.ts';
import type { DeliverySettings } from './settings.ts';

/**
 * How long an idle connection is kept, in milliseconds. Shorter than common servers keep theirs (gunicorn 2 s, uvicorn and Node 5 s), so
 * that a server rarely closes a connection while a request is on its way. A shorter `Keep-Alive: timeout=` of the answer counts.
 */
const IDLE_MS = 1_500;

/** Endpoints with a client certificate whose pools are kept. */
const KEPT = 1_000;

export type Protocol = 'http:' | 'https:';

type Agents = Readonly<Record<Protocol, HttpAgent>>;

/** What decides how the connections of an endpoint are opened. */
export interface Reach {
  readonly connectTimeout: number;
  /** The client certificate for TLS, in PEM. */
  readonly certificate: { readonly cert: string; readonly key: string } | undefined;
}

/** Connections that are opened in one way, and kept open between requests. */
export class ConnectionPool {
  readonly #connecting: Connecting;
  readonly #reusing: Agents;
  readonly #fresh: Agents;
  #tls: SecureContext | undefined;

  constructor(
    refused: AddressRule,
    private readonly settings: DeliverySettings,
    private readonly reach: Reach = {
      connectTimeout: settings.connectTimeout,
      certificate: undefined,
    },
  ) {
    this.#connecting = connecting(refused, settings, reach.connectTimeout);
    this.#reusing = this.#agents({ keepAlive: true, timeout: IDLE_MS });
    this.#fresh = this.#agents({ keepAlive: false });
  }

  /** Requests of this agent go out on an idle connection if there is one. */
  reusing(protocol: Protocol): HttpAgent {
    return this.#reusing[protocol];
  }

  /** Each request of this agent goes out on a new connection, which is closed after the answer. */
  fresh(protocol: Protocol): HttpAgent {
    return this.#fresh[protocol];
  }

  /** Cuts what is under way. */
  destroy(): void {
    for (const agent of [...Object.values(this.#reusing), ...Object.values(this.#fresh)]) agent.destroy();
  }

  #agents(options: AgentOptions): Agents {
    return { 'http:': this.#judging(new HttpAgent(options)), 'https:': this.#judging(new HttpsAgent(options)) };
  }

  /** Has the agent open only connections that the rule allows. */
  #judging(agent: HttpAgent): HttpAgent {
    const original: MakeSocket = agent.createConnection.bind(agent);
    const make: MakeSocket = (options) =>
      original(options.protocol === 'https:' ? { ...options, secureContext: this.#secureContext() } : options);
    agent.createConnection = (request, callback) => {
      openConnection(this.#connecting, request, make).then(
        (socket) => callback?.(null, socket),
        // The type wants a socket beside the error; the agent ignores it.
        (error: unknown) => callback?.(isNativeError(error) ? error : new Error(String(error)), new Socket()),
      );
      return undefined;
    };
    return agent;
  }

  /** Made once: parsing the certificates costs more than a connection. @throws when OpenSSL does not accept the certificate */
  #secureContext(): SecureContext {
    const { authorities } = this.settings;
    this.#tls ??= createSecureContext({
      ...this.reach.certificate,
      ...(authorities === undefined ? {} : { ca: [...rootCertificates, authorities] }),
    });
    return this.#tls;
  }
}

/** Pools of a sender: shared by endpoints that are connected to alike, and an endpoint's own where it has a client certificate. */
export class ConnectionPools {
  /** By connect timeout. */
  readonly #shared = new Map<number, ConnectionPool>();
  /** By endpoint. The connections of an evicted pool end by themselves when they have been idle. */
  readonly #own = new LRUCache<string, { readonly version: number; readonly pool: ConnectionPool }>({ max: KEPT });

  constructor(
    private readonly refused: AddressRule,
    private readonly settings: DeliverySettings,
  ) {}

  /** @param endpoint the id and the version of its settings */
  of(endpoint: Reach & { readonly id: string; readonly version: number }): ConnectionPool {
    const { id, version, connectTimeout, certificate } = endpoint;
    if (certificate !== undefined) {
      const own = this.#own.get(id);
      if (own?.version === version) return own.pool;
      const pool = new ConnectionPool(this.refused, this.settings, endpoint);
      this.#own.set(id, { version, pool });
      return pool;
    }
    let pool = this.#shared.get(connectTimeout);
    if (pool === undefined) {
      pool = new ConnectionPool(this.refused, this.settings, endpoint);
      this.#shared.set(connectTimeout, pool);
    }
    return pool;
  }

  destroy(): void {
    for (const pool of this.#shared.values()) pool.destroy();
    for (const { pool } of this.#own.values()) pool.destroy();
  }
}

import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { pathOf } from '#platform/auth/authenticator';
import { InternalTokens } from '#platform/auth/internal-token';
import type { Config } from '#platform/config/config';
import { masterKeysOf } from '#platform/crypto/master-keys';
import { CONFIG, type ServiceDescription, SERVICES } from '#platform/service';
import { BODY_LIMIT, forward } from './forward.ts';
import { prefixesOf, type RoutedService, bodyLimits } from './routes.ts';
import { ServiceClient } from './service-client.ts';

/** In a cluster, forwards requests to the services whose addresses are configured. In one process it does nothing. */
@Injectable()
export class Routing implements OnModuleInit, OnApplicationShutdown {
  readonly clients: ReadonlyMap<string, ServiceClient>;
  readonly tokens: InternalTokens;

  constructor(
    @Inject(CONFIG) config: Config,
    @Inject(SERVICES) private readonly services: readonly ServiceDescription[],
    private readonly host: HttpAdapterHost,
  ) {
    this.tokens = new InternalTokens(masterKeysOf(config));
    this.clients = clientsOf(config.service_urls);
  }

  onModuleInit(): void {
    if (this.clients.size === 0) return;
    addRoutes(this.host.httpAdapter.getInstance<FastifyInstance>(), this.services, this);
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.clients.values()].map((client) => client.close()));
  }
}

export const clientsOf = (urls: Config['service_urls']): Map<string, ServiceClient> => {
  const clients = new Map<string, ServiceClient>();
  for (const [name, url] of Object.entries(urls)) {
    if (url !== undefined) clients.set(name, new ServiceClient(name, url));
  }
  return clients;
};

/** Forwards every method at and below the prefixes of each service that has a client; the service decides what it answers. */
export const addRoutes = (
  fastify: FastifyInstance,
  services: readonly RoutedService[],
  { clients, tokens }: Pick<Routing, 'clients' | 'tokens'>,
): void => {
  const limits = bodyLimits(services);
  void fastify.register((routed, _options, done) => {
    // Bodies of any type are forwarded unchanged.
    routed.removeAllContentTypeParsers();
    routed.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null));
    for (const { prefix, service } of prefixesOf(services)) {
      const client = clients.get(service);
      if (client === undefined) continue;
      for (const path of [prefix, `${prefix}/*`]) {
        routed.all(path, (request, reply) =>
          forward(request, reply, { client, tokens, limit: limits.get(pathOf(request)) ?? BODY_LIMIT }),
        );
      }
    }
    done();
  });
};

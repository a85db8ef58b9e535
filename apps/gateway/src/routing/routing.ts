import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { InternalTokens } from '#platform/auth/internal-token';
import type { Config, ServiceName } from '#platform/config/config';
import { masterKeysOf } from '#platform/crypto/master-keys';
import { CONFIG } from '#platform/service';
import { forward } from './forward.ts';
import { ROUTES } from './routes.ts';
import { ServiceClient } from './service-client.ts';

/** In a cluster, hands requests on to the services whose addresses are configured. In one process there is nothing to do. */
@Injectable()
export class Routing implements OnModuleInit, OnApplicationShutdown {
  readonly clients: ReadonlyMap<ServiceName, ServiceClient>;
  readonly tokens: InternalTokens;

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly host: HttpAdapterHost,
  ) {
    this.tokens = new InternalTokens(masterKeysOf(config));
    this.clients = clientsOf(config.service_urls);
  }

  onModuleInit(): void {
    if (this.clients.size > 0)
      addRoutes(this.host.httpAdapter.getInstance<FastifyInstance>(), this.clients, this.tokens);
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.clients.values()].map((client) => client.close()));
  }
}

export const clientsOf = (urls: Config['service_urls']): Map<ServiceName, ServiceClient> => {
  const clients = new Map<ServiceName, ServiceClient>();
  for (const [name, url] of Object.entries(urls) as [ServiceName, string | undefined][]) {
    if (url !== undefined) clients.set(name, new ServiceClient(name, url));
  }
  return clients;
};

/** Every method at and below each prefix goes to its service, which knows what it answers to. */
export const addRoutes = (
  fastify: FastifyInstance,
  clients: ReadonlyMap<ServiceName, ServiceClient>,
  tokens: InternalTokens,
): void => {
  void fastify.register((routed, _options, done) => {
    // Bodies are handed on as they come, whatever they are.
    routed.removeAllContentTypeParsers();
    routed.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null));
    for (const [prefix, service] of Object.entries(ROUTES)) {
      const client = clients.get(service);
      if (client === undefined) continue;
      for (const path of [prefix, `${prefix}/*`]) {
        routed.all(path, (request, reply) => forward(request, reply, client, tokens));
      }
    }
    done();
  });
};

import { Controller, Inject } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { asyncApi } from '#events/catalogue/asyncapi';
import { catalogue } from '#events/catalogue/catalogue';
import type { Config } from '#platform/config/config';
import { EventTypes } from '#platform/events/event-types';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { CONFIG } from '#platform/service';
import { Routing } from '../routing/routing.ts';
import { asyncApiDocument, eventCatalog, eventTypes, openApiDocument } from './documents.endpoints.ts';
import { eventTypesPage } from './event-types-page.ts';
import { PAGE_HEADERS } from './page.ts';
import { behindGateway, mergeOpenApi, type OpenApiDocument } from './merge-openapi.ts';

/** Path at which every process shows the OpenAPI document of its own routes. */
const OWN = '/internal/openapi.json';

/** The machine-readable documents of the API and of the events. */
@Controller()
export class DocumentsController {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly routing: Routing,
    private readonly types: EventTypes,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Endpoint(openApiDocument)
  async openApi(_call: Call<typeof openApiDocument>): Promise<OpenApiDocument> {
    const own = await this.host.httpAdapter.getInstance<FastifyInstance>().inject(OWN);
    const others = [...this.routing.clients.values()].map(async (client) =>
      behindGateway(await client.ask<OpenApiDocument>(this.routing.tokens, null, { path: OWN })),
    );
    return mergeOpenApi([own.json<OpenApiDocument>(), ...(await Promise.all(others))]);
  }

  @Endpoint(eventCatalog)
  events(_call: Call<typeof eventCatalog>): unknown {
    return catalogue(this.types.contracts);
  }

  @Endpoint(eventTypes)
  eventTypes(_call: Call<typeof eventTypes>): Answer {
    return new Answer(200, eventTypesPage(catalogue(this.types.contracts).data), PAGE_HEADERS);
  }

  @Endpoint(asyncApiDocument)
  asyncApi(_call: Call<typeof asyncApiDocument>): unknown {
    return asyncApi(this.types.contracts, { servers: this.config.kafka_brokers ?? [] });
  }
}

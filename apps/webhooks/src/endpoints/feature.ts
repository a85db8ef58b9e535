import { webhookEndpointStream } from '#domain/webhooks/webhook-endpoint/webhook-endpoint';
import type { Feature } from '#platform/feature';
import { WebhooksSettings } from '../webhooks.settings.ts';
import { EndpointController } from './endpoint.controller.ts';
import { EndpointList } from './endpoint.list.ts';
import { endpointsProjection } from './endpoint.projection.ts';
import { endpointsTable } from './endpoint.table.ts';
import { Handshake } from './handshake.ts';

export const endpointsFeature: Feature = {
  settings: [WebhooksSettings],
  tables: [endpointsTable],
  streams: [webhookEndpointStream],
  projections: [endpointsProjection],
  controllers: [EndpointController],
  providers: [EndpointList, Handshake],
};

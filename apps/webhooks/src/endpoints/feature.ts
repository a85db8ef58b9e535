import { webhookEndpointStream } from '#domain/webhooks/webhook-endpoint/webhook-endpoint';
import type { Feature } from '#platform/feature';
import { WebhooksSettings } from '../webhooks.settings.ts';
import { EndpointController } from './endpoint.controller.ts';
import { EndpointList } from './endpoint.list.ts';
import { endpointsProjection } from './endpoint.projection.ts';
import {
  EndpointDisabledAt1790000004202,
  Endpoints1790000004000,
  EndpointSettings1790000004101,
} from './endpoint.table.ts';
import { Handshake } from './handshake.ts';

export const endpointsFeature: Feature = {
  settings: [WebhooksSettings],
  migrations: [Endpoints1790000004000, EndpointSettings1790000004101, EndpointDisabledAt1790000004202],
  streams: [webhookEndpointStream],
  projections: [endpointsProjection],
  controllers: [EndpointController],
  providers: [EndpointList, Handshake],
};

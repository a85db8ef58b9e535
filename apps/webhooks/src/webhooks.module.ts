import { Module } from '@nestjs/common';
import { webhookEndpointStream } from '#domain/webhook-endpoint/webhook-endpoint';
import { type ServiceDefinition, ServiceModule } from '#platform';
import { DeliveryController } from './deliveries/delivery.controller.ts';
import { DeliveryList } from './deliveries/delivery.list.ts';
import { Deliveries1790000004001 } from './deliveries/delivery.table.ts';
import { FanOutSubscription } from './deliveries/fan-out.subscription.ts';
import { EndpointController } from './endpoints/endpoint.controller.ts';
import { EndpointList } from './endpoints/endpoint.list.ts';
import { endpointsProjection } from './endpoints/endpoint.projection.ts';
import { Endpoints1790000004000, EndpointSettings1790000004101 } from './endpoints/endpoint.table.ts';
import { Handshake } from './endpoints/handshake.ts';
import { HistoryService } from './history/history.service.ts';
import { History1790000004200 } from './history/history.table.ts';
import { KnownProducts } from './products/known-products.ts';
import { KnownProducts1790000004002 } from './products/product.table.ts';
import { knownProductsProjection, ProductsSubscription } from './products/products.subscription.ts';
import { ReplayController } from './replays/replay.controller.ts';
import { Replays1790000004201 } from './replays/replay.table.ts';
import { Replayer } from './replays/replayer.ts';
import { Replays } from './replays/replays.ts';
import { Gates1790000004100 } from './sending/gate.table.ts';
import { SenderService } from './sending/sender.service.ts';

export const webhooksService: ServiceDefinition = {
  name: 'webhooks',
  entities: [],
  migrations: [
    Endpoints1790000004000,
    Deliveries1790000004001,
    KnownProducts1790000004002,
    Gates1790000004100,
    EndpointSettings1790000004101,
    History1790000004200,
    Replays1790000004201,
  ],
  streams: [webhookEndpointStream],
  projections: [endpointsProjection],
  subscribed: [{ projection: knownProductsProjection, subscription: 'products', sources: ['licensing'] }],
  // Its own events stay at home: who subscribes to everything must not hear of the subscription.
  contracts: [],
};

/** Tells the world what happened: endpoints, and the deliveries of published events to them. */
@Module({
  imports: [ServiceModule.forService(webhooksService)],
  controllers: [EndpointController, DeliveryController, ReplayController, FanOutSubscription, ProductsSubscription],
  providers: [EndpointList, Handshake, DeliveryList, KnownProducts, HistoryService, Replays, Replayer, SenderService],
})
export class WebhooksModule {}

import { Module } from '@nestjs/common';
import { webhookContracts } from '#domain/webhooks/webhook-endpoint/webhook-endpoint.contracts';
import { deliveryStream } from '#domain/webhooks/delivery/delivery';
import { webhookEndpointStream } from '#domain/webhooks/webhook-endpoint/webhook-endpoint';
import { Mails1790000001000, SEALED_MAILS } from '#platform/mail/outbox.table';
import { MailOutbox } from '#platform/mail/outbox';
import { ServiceModule } from '#platform/service.module';
import type { ServiceDefinition } from '#platform/service';
import { Attempts } from './deliveries/attempts.ts';
import { DeliveryController } from './deliveries/delivery.controller.ts';
import { DeliveryList } from './deliveries/delivery.list.ts';
import { Deliveries1790000004001 } from './deliveries/delivery.table.ts';
import { FanOutSubscription } from './deliveries/fan-out.subscription.ts';
import { EndpointController } from './endpoints/endpoint.controller.ts';
import { EndpointList } from './endpoints/endpoint.list.ts';
import { endpointsProjection } from './endpoints/endpoint.projection.ts';
import {
  EndpointDisabledAt1790000004202,
  Endpoints1790000004000,
  EndpointSettings1790000004101,
} from './endpoints/endpoint.table.ts';
import { Handshake } from './endpoints/handshake.ts';
import { HistoryService } from './history/history.service.ts';
import {
  AttemptErrorDetail1790000004205,
  History1790000004200,
  RoomForClaims1790000004204,
} from './history/history.table.ts';
import { MailOperator } from './operations/mail-operator.ts';
import { OperationsService } from './operations/operations.service.ts';
import { PollingController } from './polling/polling.controller.ts';
import { Polling } from './polling/polling.ts';
import { KnownProducts } from './products/known-products.ts';
import { KnownProducts1790000004002 } from './products/product.table.ts';
import { knownProductsProjection, ProductsSubscription } from './products/products.subscription.ts';
import { ReplayController } from './replays/replay.controller.ts';
import { Replays1790000004201 } from './replays/replay.table.ts';
import { Replayer } from './replays/replayer.ts';
import { Replays } from './replays/replays.ts';
import { Gates1790000004100 } from './sending/gate.table.ts';
import { SenderService } from './sending/sender.service.ts';
import { StatisticsController } from './statistics/statistics.controller.ts';
import { DeliveryStatistics1790000004203 } from './statistics/statistics.table.ts';
import { Statistics } from './statistics/statistics.ts';

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
    EndpointDisabledAt1790000004202,
    DeliveryStatistics1790000004203,
    RoomForClaims1790000004204,
    AttemptErrorDetail1790000004205,
    Mails1790000001000,
  ],
  streams: [webhookEndpointStream, deliveryStream],
  projections: [endpointsProjection],
  subscribed: [{ projection: knownProductsProjection, subscription: 'products', sources: ['licensing'] }],
  has_queues: true,
  sealed: [SEALED_MAILS],
  contracts: webhookContracts,
};

/** Tells the world what happened: endpoints, and the deliveries of published events to them. */
@Module({
  imports: [ServiceModule.forService(webhooksService)],
  controllers: [
    EndpointController,
    DeliveryController,
    ReplayController,
    PollingController,
    StatisticsController,
    MailOperator,
    FanOutSubscription,
    ProductsSubscription,
  ],
  providers: [
    EndpointList,
    Handshake,
    DeliveryList,
    Attempts,
    Statistics,
    KnownProducts,
    HistoryService,
    Replays,
    Replayer,
    Polling,
    OperationsService,
    MailOutbox,
    SenderService,
  ],
})
export class WebhooksModule {}

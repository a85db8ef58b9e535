import { deliveryStream } from '#domain/webhooks/delivery/delivery';
import type { Feature } from '#platform/feature';
import { Attempts } from './attempts.ts';
import { DeliveryController } from './delivery.controller.ts';
import { DeliveryList } from './delivery.list.ts';
import { Deliveries1790000004001 } from './delivery.table.ts';
import { FanOutSubscription } from './fan-out.subscription.ts';

export const deliveriesFeature: Feature = {
  migrations: [Deliveries1790000004001],
  streams: [deliveryStream],
  controllers: [DeliveryController],
  subscriptions: [FanOutSubscription],
  providers: [DeliveryList, Attempts],
};

import { deliveryStream } from '#domain/webhooks/delivery/delivery';
import type { Feature } from '#platform/feature';
import { Attempts } from './attempts.ts';
import { DeliveryController } from './delivery.controller.ts';
import { DeliveryList } from './delivery.list.ts';
import { attemptsTable, deliveriesTable, outgoingEventsTable } from './delivery.table.ts';
import { FanOutSubscription } from './fan-out.subscription.ts';

export const deliveriesFeature: Feature = {
  tables: [outgoingEventsTable, deliveriesTable, attemptsTable],
  streams: [deliveryStream],
  controllers: [DeliveryController],
  subscriptions: [FanOutSubscription],
  providers: [DeliveryList, Attempts],
};

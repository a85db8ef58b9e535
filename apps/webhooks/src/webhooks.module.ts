import { webhookContracts } from '#domain/webhooks/webhook-endpoint/webhook-endpoint.contracts';
import { webhookEndpointRefusals } from '#domain/webhooks/webhook-endpoint/webhook-endpoint.errors';
import { defineService } from '#platform/define-service';
import { mailFeature } from '#platform/mail/feature';
import { deliveriesFeature } from './deliveries/feature.ts';
import { endpointsFeature } from './endpoints/feature.ts';
import { historyFeature } from './history/feature.ts';
import { Initial1790000000000 } from './initial.migration.ts';
import { operationsFeature } from './operations/feature.ts';
import { webhookDisabled } from './operations/webhook-disabled.mail.ts';
import { pollingFeature } from './polling/feature.ts';
import { productsFeature } from './products/feature.ts';
import { replaysFeature } from './replays/feature.ts';
import { sendingFeature } from './sending/feature.ts';
import { statisticsFeature } from './statistics/feature.ts';
import { webhookProblems } from './problems.ts';

/** Endpoints, and the deliveries of published events to them. */
export const webhooksService = defineService({
  name: 'webhooks',
  initial: Initial1790000000000,
  features: [
    endpointsFeature,
    deliveriesFeature,
    productsFeature,
    historyFeature,
    replaysFeature,
    pollingFeature,
    statisticsFeature,
    sendingFeature,
    operationsFeature,
    mailFeature({ service: 'webhooks', templates: [webhookDisabled] }),
  ],
  publishes: webhookContracts,
  problems: { ...webhookEndpointRefusals, ...webhookProblems },
  has_queues: true,
});

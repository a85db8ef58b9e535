import { billingService } from '../../billing/src/billing.module.ts';
import { gatewayService } from '../../gateway/src/gateway.module.ts';
import { licensingService } from '../../licensing/src/licensing.module.ts';
import { releasesService } from '../../releases/src/releases.module.ts';
import { webhooksService } from '../../webhooks/src/webhooks.module.ts';
import type { ServiceDefinition } from '#platform/service';

/** Every service there is. */
export const services: readonly ServiceDefinition[] = [
  gatewayService,
  licensingService,
  billingService,
  releasesService,
  webhooksService,
];

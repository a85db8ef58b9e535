import { ConfigError } from '#platform/config/config-error';
import type { ServiceDefinition } from '#platform/service';
import { billingService } from '../../billing/src/billing.module.ts';
import { gatewayService } from '../../gateway/src/gateway.module.ts';
import { licensingService } from '../../licensing/src/licensing.module.ts';
import { releasesService } from '../../releases/src/releases.module.ts';
import { webhooksService } from '../../webhooks/src/webhooks.module.ts';

/**
 * Every service of Keyledger. The gateway's routes, the fan-out of webhooks, the cluster and the command line derive from
 * this list.
 */
export const services: readonly ServiceDefinition[] = [
  gatewayService,
  licensingService,
  billingService,
  releasesService,
  webhooksService,
];

/** The contracts of all published events. */
export const contracts = services.flatMap(({ publishes }) => publishes);

/** The services that the gateway sends requests to. */
export const serviceNames: readonly string[] = services
  .map(({ name }) => name)
  .filter((name) => name !== gatewayService.name);

/** @throws ConfigError when there is none of this name */
export const serviceNamed = (name: string): ServiceDefinition => {
  const found = services.find((service) => service.name === name);
  if (found === undefined)
    throw new ConfigError(`There is no service ${name}: give one of ${services.map((one) => one.name).join(', ')}.`);
  return found;
};

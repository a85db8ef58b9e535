import { apiKeyContracts } from '#domain/identity/api-key/api-key.contracts';
import { apiKeyRefusals } from '#domain/identity/api-key/api-key.errors';
import { defineService } from '#platform/define-service';
import { lockOutFeature } from '#platform/rate-limit/feature';
import { apiKeysFeature } from './api-keys/feature.ts';
import { authenticationFeature } from './authentication/feature.ts';
import { documentsFeature } from './documents/feature.ts';
import { eventsFeature } from './events/feature.ts';
import { Initial1790000000000 } from './initial.migration.ts';
import { problemsFeature } from './problems/feature.ts';
import { routingFeature } from './routing/feature.ts';
import { testClockFeature } from './test-clock/feature.ts';

/** The public entry: it identifies callers, limits their rates, and sends requests to the services. */
export const gatewayService = defineService({
  name: 'gateway',
  initial: Initial1790000000000,
  features: [
    apiKeysFeature,
    authenticationFeature,
    routingFeature,
    documentsFeature,
    eventsFeature,
    problemsFeature,
    testClockFeature,
    lockOutFeature,
  ],
  scopes: ['admin', 'read'],
  publishes: apiKeyContracts,
  problems: apiKeyRefusals,
});

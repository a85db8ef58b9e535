import { Module } from '@nestjs/common';
import { apiKeyStream } from '#domain/identity/api-key/api-key';
import { apiKeyContracts } from '#domain/identity/api-key/api-key.contracts';
import { AUTHENTICATOR } from '#platform/auth/authenticator';
import { FailedIdentifications1790000000000 } from '#platform/rate-limit/failed-identifications.migration';
import { ServiceModule } from '#platform/service.module';
import type { ServiceDefinition } from '#platform/service';
import { ApiKeyController } from './api-keys/api-key.controller.ts';
import { ApiKeyList } from './api-keys/api-key.list.ts';
import { apiKeysProjection } from './api-keys/api-key.projection.ts';
import { ApiKeys1790000001000 } from './api-keys/api-key.table.ts';
import { ApiKeyUses } from './api-keys/api-key-uses.ts';
import { ApiKeyDirectory } from './authentication/api-key-directory.ts';
import { BootstrapKey } from './authentication/bootstrap-key.ts';
import { GatewayAuthenticator } from './authentication/gateway-authenticator.ts';
import { DocumentsController } from './documents/documents.controller.ts';
import { EventLogs } from './events/event-logs.ts';
import { EventStreams } from './events/event-streams.ts';
import { EventsController } from './events/events.controller.ts';
import { ProblemsController } from './problems/problems.controller.ts';
import { Routing } from './routing/routing.ts';
import { TestClockController } from './test-clock/test-clock.controller.ts';

export const gatewayService: ServiceDefinition = {
  name: 'gateway',
  entities: [],
  migrations: [FailedIdentifications1790000000000, ApiKeys1790000001000],
  streams: [apiKeyStream],
  projections: [apiKeysProjection],
  contracts: apiKeyContracts,
};

/** The public door: who calls, how often, and where a request goes. */
@Module({
  imports: [ServiceModule.forService(gatewayService)],
  controllers: [ApiKeyController, DocumentsController, EventsController, ProblemsController, TestClockController],
  providers: [
    ApiKeyList,
    ApiKeyUses,
    ApiKeyDirectory,
    BootstrapKey,
    GatewayAuthenticator,
    { provide: AUTHENTICATOR, useExisting: GatewayAuthenticator },
    Routing,
    EventLogs,
    EventStreams,
  ],
})
export class GatewayModule {}

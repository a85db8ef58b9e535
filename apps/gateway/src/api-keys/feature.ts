import { apiKeyStream } from '#domain/identity/api-key/api-key';
import type { Feature } from '#platform/feature';
import { ApiKeyUses } from './api-key-uses.ts';
import { ApiKeyController } from './api-key.controller.ts';
import { ApiKeyList } from './api-key.list.ts';
import { apiKeysProjection } from './api-key.projection.ts';
import { apiKeysTable, apiKeyUsesTable } from './api-key.table.ts';

export const apiKeysFeature: Feature = {
  tables: [apiKeysTable, apiKeyUsesTable],
  streams: [apiKeyStream],
  projections: [apiKeysProjection],
  controllers: [ApiKeyController],
  providers: [ApiKeyList, ApiKeyUses],
};

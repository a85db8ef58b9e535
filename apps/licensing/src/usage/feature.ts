import { usageStream } from '#domain/licensing/usage/usage';
import type { Feature } from '#platform/feature';
import { Consumption } from './consumption.ts';
import { UsageBatchController } from './usage-batch.controller.ts';
import { UsageBatches } from './usage-batches.ts';
import { UsageCallers } from './usage-callers.ts';
import { UsageCommands } from './usage-commands.ts';
import { UsageExportController } from './usage-export.controller.ts';
import { UsageRecordController } from './usage-record.controller.ts';
import { UsageRecords } from './usage-records.ts';
import { UsageController } from './usage.controller.ts';
import { usageProjection } from './usage.projection.ts';
import { usageSnapshot } from './usage.snapshot.ts';
import { usageByHourTable, usageCountersTable } from './usage.tables.ts';

export const usageFeature: Feature = {
  tables: [usageCountersTable, usageByHourTable],
  streams: [usageStream],
  projections: [usageProjection],
  snapshots: [usageSnapshot],
  controllers: [UsageController, UsageBatchController, UsageRecordController, UsageExportController],
  providers: [UsageCallers, UsageCommands, UsageBatches, UsageRecords, Consumption],
};

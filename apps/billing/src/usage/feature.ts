import type { Feature } from '#platform/feature';
import { UsageCharges } from './usage-charges.ts';
import { usageFeaturesTable, usageRecordsTable } from './usage-record.table.ts';
import { UsageStore } from './usage-store.ts';
import { UsageController } from './usage.controller.ts';
import { Usage1790600000000 } from './usage.migration.ts';
import { usageRecordsProjection, UsageSubscription } from './usage.subscription.ts';

/** Recorded usage, and what it costs. */
export const usageFeature: Feature = {
  migrations: [Usage1790600000000],
  tables: [usageRecordsTable, usageFeaturesTable],
  subscribed: [{ projection: usageRecordsProjection, subscription: 'usage', sources: ['licensing'] }],
  controllers: [UsageController],
  subscriptions: [UsageSubscription],
  providers: [UsageStore, UsageCharges],
};

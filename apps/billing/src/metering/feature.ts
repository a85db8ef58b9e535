import type { Feature } from '#platform/feature';
import { MeterUsage } from './meter-usage.ts';
import { meteredDeltasTable } from './metered-delta.table.ts';
import { MeteringController } from './metering.controller.ts';
import { Metering1790800000200 } from './metering.migration.ts';
import { Metering } from './metering.ts';
import { Meters } from './meters.ts';

/** Usage that is to be reported to meters of providers. */
export const meteringFeature: Feature = {
  migrations: [Metering1790800000200],
  tables: [meteredDeltasTable],
  controllers: [MeteringController],
  subscriptions: [MeterUsage],
  providers: [Metering, Meters],
};

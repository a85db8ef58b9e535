import type { Feature } from '#platform/feature';
import { StatisticsController } from './statistics.controller.ts';
import { DeliveryStatistics1790000004203 } from './statistics.table.ts';
import { Statistics } from './statistics.ts';

export const statisticsFeature: Feature = {
  migrations: [DeliveryStatistics1790000004203],
  controllers: [StatisticsController],
  providers: [Statistics],
};

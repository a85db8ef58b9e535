import type { Feature } from '#platform/feature';
import { StatisticsController } from './statistics.controller.ts';
import { statisticsTable } from './statistics.table.ts';
import { Statistics } from './statistics.ts';

export const statisticsFeature: Feature = {
  tables: [statisticsTable],
  controllers: [StatisticsController],
  providers: [Statistics],
};

import type { Feature } from '#platform/feature';
import { ProblemsController } from './problems.controller.ts';

export const problemsFeature: Feature = {
  controllers: [ProblemsController],
};

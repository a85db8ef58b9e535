import type { Feature } from '#platform/feature';
import { TestClockController } from './test-clock.controller.ts';

export const testClockFeature: Feature = { controllers: [TestClockController] };

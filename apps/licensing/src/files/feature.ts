import type { Feature } from '#platform/feature';
import { LicenseFileController } from './license-file.controller.ts';

export const filesFeature: Feature = {
  controllers: [LicenseFileController],
};

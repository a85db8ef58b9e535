import type { Feature } from '#platform/feature';
import { LicenseKeyController } from './license-key.controller.ts';
import { LicenseKeys } from './license-keys.ts';

export const licenseKeysFeature: Feature = {
  controllers: [LicenseKeyController],
  providers: [LicenseKeys],
};

import type { Feature } from '#platform/feature';
import { Entitlements } from './entitlements.ts';
import { LicenseEntitlementController } from './license-entitlement.controller.ts';

export const entitlementsFeature: Feature = {
  controllers: [LicenseEntitlementController],
  providers: [Entitlements],
};

import { organizationStream } from '#domain/billing/organization/organization';
import type { Feature } from '#platform/feature';
import { OrganizationController } from './organization.controller.ts';
import { Organization } from './organization.ts';

/** The seller: the merchant itself. */
export const organizationFeature: Feature = {
  streams: [organizationStream],
  controllers: [OrganizationController],
  providers: [Organization],
};

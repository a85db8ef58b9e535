import type { Routes } from '../route.ts';
import { nulls } from '../world.ts';

export const accounts: Routes = {
  'GET /v1/account': ({ world }) => ({
    ...nulls('business_profile business_type'),
    id: world.settings.account,
    object: 'account',
    capabilities: { card_payments: 'active', transfers: 'active' },
    charges_enabled: true,
    country: world.settings.country,
    default_currency: world.settings.currency,
    details_submitted: true,
    email: 'owner@example.com',
    metadata: {},
    payouts_enabled: true,
    type: 'standard',
  }),
};

import { billingContracts } from '#domain/billing/contracts';
import { billingRefusals } from '#domain/billing/refusals';
import { defineService } from '#platform/define-service';
import { mailFeature } from '#platform/mail/feature';
import { lockOutFeature } from '#platform/rate-limit/feature';
import { couponsFeature } from './coupons/feature.ts';
import { customersFeature } from './customers/feature.ts';
import { documentsFeature } from './documents/feature.ts';
import { eligibilityFeature } from './eligibility/feature.ts';
import { grantsFeature } from './grants/feature.ts';
import { grantProblems } from './grants/grant.problems.ts';
import { Initial1790000000000 } from './initial.migration.ts';
import { invoicesFeature } from './invoices/feature.ts';
import { meteringFeature } from './metering/feature.ts';
import { meteringProblems } from './metering/metering.problems.ts';
import { noticesFeature } from './notices/feature.ts';
import { billingMails } from './notices/mails/mails.ts';
import { organizationFeature } from './organization/feature.ts';
import { paymentProblems } from './payments/payment.problems.ts';
import { paymentsFeature } from './payments/feature.ts';
import { plansFeature } from './plans/feature.ts';
import { priceMigrationProblems } from './price-migrations/price-migration.problems.ts';
import { priceMigrationsFeature } from './price-migrations/feature.ts';
import { pricesFeature } from './prices/feature.ts';
import { providerEventProblems } from './provider-events/provider-event.problems.ts';
import { providerEventsFeature } from './provider-events/feature.ts';
import { statementsFeature } from './statements/feature.ts';
import { subscriptionsFeature } from './subscriptions/feature.ts';
import { taxesFeature } from './taxes/feature.ts';
import { usageFeature } from './usage/feature.ts';

/** Prices, customers, subscriptions, invoices and payments. Plans are licensing's; billing keeps a copy of them. */
export const billingService = defineService({
  name: 'billing',
  initial: Initial1790000000000,
  features: [
    plansFeature,
    pricesFeature,
    customersFeature,
    organizationFeature,
    taxesFeature,
    couponsFeature,
    subscriptionsFeature,
    invoicesFeature,
    paymentsFeature,
    statementsFeature,
    documentsFeature,
    noticesFeature,
    grantsFeature,
    priceMigrationsFeature,
    usageFeature,
    meteringFeature,
    eligibilityFeature,
    providerEventsFeature,
    lockOutFeature,
    mailFeature({ service: 'billing', templates: billingMails }),
  ],
  // States of invoices and subscriptions are large: so many take about 10 MB.
  cached_streams: 2_500,
  scopes: ['billing:write'],
  publishes: billingContracts,
  problems: {
    ...billingRefusals,
    ...grantProblems,
    ...paymentProblems,
    ...priceMigrationProblems,
    ...meteringProblems,
    ...providerEventProblems,
  },
});

import { subscriptionStream } from '#domain/billing/subscription/subscription';
import type { Feature } from '#platform/feature';
import { AdvanceWhenDue } from './advance-when-due.ts';
import { BillingTerms } from './billing-terms.ts';
import { ChargeInvoices } from './charge-invoices.ts';
import { CloseInvoices } from './close-invoices.ts';
import { Discounting } from './discounting.ts';
import { FirstPayments } from './first-payments.ts';
import { FollowInvoices } from './follow-invoices.ts';
import { IssueCharges } from './issue-charges.ts';
import { InUseSubscription, inUseProjection } from './in-use.subscription.ts';
import { inUseTable } from './in-use.table.ts';
import { LatePayments } from './late-payments.ts';
import { Offers } from './offers.ts';
import { Previews } from './previews.ts';
import { Refunding } from './refunding.ts';
import { Subscribing } from './subscribing.ts';
import { SubscriptionController } from './subscription.controller.ts';
import { SubscriptionList } from './subscription.list.ts';
import { subscriptionSnapshot, subscriptionsProjection } from './subscription.projection.ts';
import { SubscriptionSettings } from './subscription.settings.ts';
import { subscriptionsTable } from './subscription.table.ts';
import { subscriptionTrialsProjection } from './subscription-trial.projection.ts';
import { subscriptionTrialsTable } from './subscription-trial.table.ts';
import { Subscriptions } from './subscriptions.ts';
import { uninvoicedChargesProjection } from './uninvoiced-charges.projection.ts';
import { uninvoicedChargesTable } from './uninvoiced-charges.table.ts';
import { Subscriptions1790300000000 } from './subscriptions.migration.ts';

/** Subscriptions and their schedule. */
export const subscriptionsFeature: Feature = {
  settings: [SubscriptionSettings],
  migrations: [Subscriptions1790300000000],
  tables: [subscriptionsTable, uninvoicedChargesTable, subscriptionTrialsTable, inUseTable],
  streams: [subscriptionStream],
  projections: [subscriptionsProjection, uninvoicedChargesProjection, subscriptionTrialsProjection],
  subscribed: [{ projection: inUseProjection, subscription: 'in-use', sources: ['licensing'] }],
  snapshots: [subscriptionSnapshot],
  controllers: [SubscriptionController],
  subscriptions: [InUseSubscription, FollowInvoices, CloseInvoices],
  providers: [
    BillingTerms,
    ChargeInvoices,
    Discounting,
    FirstPayments,
    LatePayments,
    Offers,
    Previews,
    Refunding,
    Subscribing,
    SubscriptionList,
    Subscriptions,
  ],
  work: [AdvanceWhenDue, IssueCharges],
};

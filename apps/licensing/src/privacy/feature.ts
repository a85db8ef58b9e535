import type { Feature } from '#platform/feature';
import { ForgetOnCustomerForgotten } from './forget-on-customer-forgotten.ts';
import { Forgetting } from './forgetting.ts';
import { forgottenCustomersTable } from './forgotten-customer.table.ts';
import { ForgottenCustomers1790800000001 } from './privacy.migration.ts';

/** Deletes what the service knows of a person. */
export const privacyFeature: Feature = {
  migrations: [ForgottenCustomers1790800000001],
  tables: [forgottenCustomersTable],
  subscriptions: [ForgetOnCustomerForgotten],
  providers: [Forgetting],
};

import { customerStream } from '#domain/billing/customer/customer';
import type { Feature } from '#platform/feature';
import { CustomerController } from './customer.controller.ts';
import { CustomerList } from './customer.list.ts';
import { customersProjection } from './customer.projection.ts';
import { customersTable } from './customer.table.ts';
import { ForgottenCustomers1790800000000 } from './forgotten.migration.ts';
import { ForgetOnCustomerForgotten } from './forget-on-customer-forgotten.ts';
import { Forgetting } from './forgetting.ts';
import { Customers1790110000000 } from './customers.migration.ts';
import { Customers } from './customers.ts';
import { MoveBalancesOnCustomerMerged } from './move-balances-on-customer-merged.ts';

/** The people and companies that pay. */
export const customersFeature: Feature = {
  migrations: [Customers1790110000000, ForgottenCustomers1790800000000],
  tables: [customersTable],
  streams: [customerStream],
  projections: [customersProjection],
  controllers: [CustomerController],
  subscriptions: [MoveBalancesOnCustomerMerged, ForgetOnCustomerForgotten],
  providers: [Customers, CustomerList, Forgetting],
};

import { invoiceStream } from '#domain/billing/invoice/invoice';
import { numberStream } from '#domain/billing/invoice/number';
import type { Feature } from '#platform/feature';
import {
  creditNotesProjection,
  invoicesProjection,
  refundsProjection,
  unfinishedDocumentsProjection,
} from './invoice.projection.ts';
import { creditNotesTable, invoicesTable, refundsTable, unfinishedDocumentsTable } from './invoice.tables.ts';
import { Invoices1790210000000 } from './invoices.migration.ts';
import { Numbers } from './numbers.ts';

/** Invoices and credit notes, with their numbers. */
export const invoicesFeature: Feature = {
  migrations: [Invoices1790210000000],
  tables: [invoicesTable, unfinishedDocumentsTable, creditNotesTable, refundsTable],
  streams: [invoiceStream, numberStream],
  projections: [invoicesProjection, unfinishedDocumentsProjection, creditNotesProjection, refundsProjection],
  providers: [Numbers],
};

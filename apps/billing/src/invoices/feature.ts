import { invoiceStream } from '#domain/billing/invoice/invoice';
import { numberStream } from '#domain/billing/invoice/number';
import type { Feature } from '#platform/feature';
import { InvoiceBalances } from './balances.ts';
import { BillingParties } from './billing-parties.ts';
import { CloseBooks } from './close-books.ts';
import { CreditNotes } from './credit-notes.ts';
import { DraftOrders } from './draft-orders.ts';
import { Drafts } from './drafts.ts';
import { Finalizing } from './finalizing.ts';
import { FinishFinalizing } from './finish-finalizing.ts';
import { InvoiceController } from './invoice.controller.ts';
import { InvoiceList } from './invoice.list.ts';
import {
  creditNotesProjection,
  invoicesProjection,
  refundsProjection,
  unfinishedDocumentsProjection,
} from './invoice.projection.ts';
import { creditNotesTable, invoicesTable, refundsTable, unfinishedDocumentsTable } from './invoice.tables.ts';
import { Invoices1790210000000 } from './invoices.migration.ts';
import { Invoices } from './invoices.ts';
import { JournalController } from './journal.controller.ts';
import { Journal } from './journal.ts';
import { MarkOverdue } from './mark-overdue.ts';
import { Numbers } from './numbers.ts';
import { InvoiceParties } from './parties.ts';
import { Refunds } from './refunds.ts';
import { ReturnUnusedCredit } from './return-unused-credit.ts';
import { SettleInvoices } from './settle-invoices.ts';

/** Invoices and credit notes, with their numbers. */
export const invoicesFeature: Feature = {
  migrations: [Invoices1790210000000],
  tables: [invoicesTable, unfinishedDocumentsTable, creditNotesTable, refundsTable],
  streams: [invoiceStream, numberStream],
  projections: [invoicesProjection, unfinishedDocumentsProjection, creditNotesProjection, refundsProjection],
  controllers: [InvoiceController, JournalController],
  subscriptions: [ReturnUnusedCredit, SettleInvoices],
  providers: [
    { provide: InvoiceParties, useClass: BillingParties },
    InvoiceBalances,
    Numbers,
    Finalizing,
    Invoices,
    Drafts,
    DraftOrders,
    CreditNotes,
    Refunds,
    InvoiceList,
    Journal,
  ],
  work: [FinishFinalizing, MarkOverdue, CloseBooks],
};

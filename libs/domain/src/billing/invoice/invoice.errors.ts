import { type Refusals, refuser } from '../../shared/refusal.ts';

export type InvoiceRefusal =
  | 'INVOICE_NOT_FOUND'
  | 'INVOICE_EXISTS'
  | 'INVOICE_EMPTY'
  | 'INVOICE_NOT_DRAFT'
  | 'INVOICE_NOT_FINALIZED'
  | 'INVOICE_NOT_OPEN'
  | 'INVOICE_VOID'
  | 'INVOICE_PAID'
  | 'INVOICE_HAS_PAYMENTS'
  | 'INVOICE_OF_PROVIDER'
  | 'INVALID_AMOUNT'
  | 'CURRENCY_MISMATCH'
  | 'PRICE_NOT_ONE_TIME'
  | 'CREDIT_NOTE_NOT_FOUND'
  | 'CREDIT_EXCEEDS_INVOICE'
  | 'REFUND_EXCEEDS_PAYMENT';

export const invoiceRefusals: Refusals<InvoiceRefusal> = {
  INVOICE_NOT_FOUND: { status: 404, message: 'There is no such invoice.' },
  INVOICE_EXISTS: { status: 409, message: 'There is an invoice with this id, for something else.' },
  INVOICE_EMPTY: { status: 400, message: 'An invoice needs at least one line.' },
  INVOICE_NOT_DRAFT: { status: 409, message: 'The invoice is finalized: a credit note corrects it.' },
  INVOICE_NOT_FINALIZED: { status: 409, message: 'The invoice is a draft: finalize it first.' },
  INVOICE_NOT_OPEN: { status: 409, message: 'The invoice is not open.' },
  INVOICE_VOID: { status: 409, message: 'The invoice is void.' },
  INVOICE_PAID: { status: 409, message: 'The invoice is paid.' },
  INVOICE_HAS_PAYMENTS: {
    status: 409,
    message: 'Money has arrived for the invoice: refund it, or correct the invoice with a credit note.',
  },
  INVOICE_OF_PROVIDER: { status: 409, message: 'The provider made this invoice: change it there.' },
  INVALID_AMOUNT: { status: 400, message: 'Amounts are positive whole numbers of minor units, less than 2^53.' },
  CURRENCY_MISMATCH: { status: 409, message: 'The payment is in another currency than the invoice.' },
  PRICE_NOT_ONE_TIME: { status: 400, message: 'The price is recurring: subscribe to it.' },
  CREDIT_NOTE_NOT_FOUND: { status: 404, message: 'There is no such credit note.' },
  CREDIT_EXCEEDS_INVOICE: { status: 409, message: 'Credit notes cannot exceed what is left of the invoice.' },
  REFUND_EXCEEDS_PAYMENT: { status: 409, message: 'Refunds cannot exceed what was paid.' },
};

export const refuseInvoice = refuser(invoiceRefusals);

import type { Time } from '../../shared/time.ts';
import type {
  CreditNoteIssued,
  CreditNoteRequested,
  Finalized,
  InvoiceCreated,
  InvoiceEvent,
} from './invoice.events.ts';

export const INVOICE_STATUSES = ['draft', 'open', 'paid', 'void', 'uncollectible'] as const;
export type InvoiceStatus = (typeof INVOICE_STATUSES)[number];

/** A payment in the currency of the invoice that arrived. */
export interface InvoicePayment {
  readonly amount: number;
  /** The part that was more than was due: it is in the customer's balance. */
  readonly overpaid: number;
  readonly refunded: number;
  /** Refunds that were asked for and have not succeeded yet. */
  readonly refunding: number;
}

export interface InvoiceRefund {
  readonly payment_id: string;
  readonly amount: number;
  readonly reason: string | null;
  readonly status: 'pending' | 'succeeded' | 'failed';
}

export type Draft = { readonly status: 'draft'; readonly finalizing_at: Time | null } & Omit<InvoiceCreated, 'type'>;

/** A finalized invoice. What the document shows stands in `document` and never changes. */
export interface Invoice {
  readonly status: Exclude<InvoiceStatus, 'draft'>;
  readonly document: Finalized;
  readonly amount_due: number;
  /** All that arrived, what was too much included. */
  readonly amount_paid: number;
  readonly amount_overpaid: number;
  readonly amount_refunded: number;
  /** The sum of its credit notes, those included that have no number yet. */
  readonly amount_credited: number;
  /** The part of credit notes that was given to the customer's balance, of money that had been paid. */
  readonly credited_to_balance: number;
  /** By id, the oldest first. */
  readonly payments: ReadonlyMap<string, InvoicePayment>;
  readonly failed_payments: readonly string[];
  /** One more than the number of the last attempt that failed. */
  readonly failed_attempts: number;
  readonly mismatched_payments: readonly string[];
  readonly refunds: ReadonlyMap<string, InvoiceRefund>;
  readonly credit_notes: ReadonlyMap<string, Omit<CreditNoteRequested, 'type'> | Omit<CreditNoteIssued, 'type'>>;
  readonly overdue: boolean;
  readonly paid_at: Time | null;
  readonly voided_at: Time | null;
  readonly sent_at: Time | null;
  readonly next_attempt_at: Time | null;
  readonly last_payment_error: string | null;
}

export type InvoiceState = { readonly status: 'none' } | { readonly status: 'deleted' } | Draft | Invoice;

const initialState: InvoiceState = { status: 'none' };

export const isFinalized = (state: InvoiceState): state is Invoice => 'document' in state;

const evolve = (state: InvoiceState, event: InvoiceEvent): InvoiceState => {
  switch (event.type) {
    case 'invoice.created': {
      const { type: _type, ...draft } = event;
      return { status: 'draft', finalizing_at: null, ...draft };
    }
    case 'invoice.finalization_started':
      return state.status === 'draft' ? { ...state, finalizing_at: event.issued_at } : state;
    case 'invoice.draft_deleted':
      return { status: 'deleted' };
    case 'invoice.finalized': {
      const { type: _type, ...document } = event;
      return opened(document);
    }
    default:
      return isFinalized(state) ? evolveFinalized(state, event) : state;
  }
};

const opened = (document: Finalized): Invoice => ({
  status: 'open',
  document,
  amount_due: document.amount_due,
  amount_paid: 0,
  amount_overpaid: 0,
  amount_refunded: 0,
  amount_credited: 0,
  credited_to_balance: 0,
  payments: NO_ENTRIES,
  failed_payments: [],
  failed_attempts: 0,
  mismatched_payments: [],
  refunds: NO_ENTRIES,
  credit_notes: NO_ENTRIES,
  overdue: false,
  paid_at: null,
  voided_at: null,
  sent_at: null,
  next_attempt_at: document.next_attempt_at,
  last_payment_error: null,
});

/** Shared by all invoices without any: most have none for most of their life. */
const NO_ENTRIES: ReadonlyMap<string, never> = new Map<string, never>();

type AfterFinalizing = Exclude<
  InvoiceEvent,
  { type: 'invoice.created' | 'invoice.finalization_started' | 'invoice.draft_deleted' | 'invoice.finalized' }
>;

const evolveFinalized = (state: Invoice, event: AfterFinalizing): Invoice => {
  switch (event.type) {
    case 'invoice.payment_received': {
      const { payment_id, amount, overpaid, amount_due } = event;
      const payment: InvoicePayment = { amount, overpaid, refunded: 0, refunding: 0 };
      return {
        ...state,
        amount_due,
        amount_paid: state.amount_paid + amount,
        amount_overpaid: state.amount_overpaid + overpaid,
        payments: new Map(state.payments).set(payment_id, payment),
      };
    }
    case 'invoice.payment_mismatched':
      return {
        ...state,
        mismatched_payments: [...state.mismatched_payments, event.payment_id],
        last_payment_error: 'CURRENCY_MISMATCH',
      };
    case 'invoice.payment_failed':
      return {
        ...state,
        failed_payments: [...state.failed_payments, event.payment_id],
        failed_attempts: Math.max(state.failed_attempts, event.attempt + 1),
        last_payment_error: event.error,
        next_attempt_at: event.next_attempt_at,
      };
    case 'invoice.paid':
      return {
        ...state,
        status: 'paid',
        amount_due: 0,
        overdue: false,
        paid_at: event.paid_at,
        next_attempt_at: null,
        last_payment_error: null,
      };
    case 'invoice.overdue':
      return { ...state, overdue: true };
    case 'invoice.voided':
      return {
        ...state,
        status: 'void',
        amount_due: 0,
        overdue: false,
        voided_at: event.voided_at,
        next_attempt_at: null,
      };
    case 'invoice.marked_uncollectible':
      return { ...state, status: 'uncollectible', next_attempt_at: null };
    case 'invoice.sent':
      return { ...state, sent_at: event.sent_at };
    case 'credit_note.requested': {
      const { type: _type, ...note } = event;
      return {
        ...state,
        amount_credited: state.amount_credited + note.total,
        credit_notes: new Map(state.credit_notes).set(note.credit_note_id, note),
      };
    }
    case 'credit_note.issued': {
      const { type: _type, ...note } = event;
      return {
        ...state,
        amount_due: note.amount_due,
        credited_to_balance: state.credited_to_balance + note.to_balance,
        credit_notes: new Map(state.credit_notes).set(note.credit_note_id, note),
      };
    }
    case 'invoice.refund_requested': {
      const { refund_id, payment_id, amount, refund_reason: reason } = event;
      const refund: InvoiceRefund = { payment_id, amount, reason, status: 'pending' };
      return {
        ...state,
        refunds: new Map(state.refunds).set(refund_id, refund),
        payments: changed(state.payments, payment_id, ({ refunding }) => ({ refunding: refunding + amount })),
      };
    }
    case 'invoice.refund_failed': {
      const { refund_id, payment_id, amount } = event;
      return {
        ...state,
        refunds: changed(state.refunds, refund_id, () => ({ status: 'failed' })),
        payments: changed(state.payments, payment_id, ({ refunding }) => ({ refunding: refunding - amount })),
      };
    }
    case 'invoice.refunded': {
      const { refund_id, payment_id, amount, amount_refunded, refund_reason: reason } = event;
      const pending = state.refunds.get(refund_id)?.status === 'pending' ? amount : 0;
      return {
        ...state,
        amount_refunded,
        amount_due: isDueAgain(state) ? state.amount_due + amount : state.amount_due,
        refunds: new Map(state.refunds).set(refund_id, { payment_id, amount, reason, status: 'succeeded' }),
        payments: changed(state.payments, payment_id, ({ refunded, refunding }) => ({
          refunded: refunded + amount,
          refunding: refunding - pending,
        })),
      };
    }
    default:
      return state;
  }
};

/** Money that is given back while the invoice is open is due again. Stripe does not ask for it again. */
const isDueAgain = ({ status, document }: Invoice): boolean => status === 'open' && document.biller !== 'stripe';

const changed = <T>(
  entries: ReadonlyMap<string, T>,
  id: string,
  change: (entry: T) => Partial<T>,
): ReadonlyMap<string, T> => {
  const entry = entries.get(id);
  return entry === undefined ? entries : new Map(entries).set(id, { ...entry, ...change(entry) });
};

/** The accounting key of a year: to delete it forgets all buyers whose retention ends with that year. */
export const booksKey = (year: number): string => `books_${year}`;

export const invoiceStream = {
  name: 'invoice',
  initialState,
  evolve,
  personal: {
    'invoice.finalized': {
      person: (event: InvoiceEvent): string | null =>
        event.type === 'invoice.finalized' && event.buyer !== null ? booksKey(event.books_year) : null,
      fields: ['buyer'],
    },
  },
};

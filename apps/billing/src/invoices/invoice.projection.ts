import type { InvoiceEvent } from '#domain/billing/invoice/invoice.events';
import type { NumberAssigned } from '#domain/billing/invoice/number';
import type { UnrecordedEvent } from '#events/event';
import { writingProjection } from '#events/store';
import { rowsOfBeginnings, tableProjection } from '#events/projection/table';
import {
  type CreditNoteRow,
  creditNotesTable,
  type InvoiceRow,
  invoicesTable,
  type RefundRow,
  refundsTable,
  type UnfinishedDocumentRow,
  unfinishedDocumentsTable,
} from './invoice.tables.ts';

export const invoicesProjection = tableProjection<InvoiceRow, InvoiceEvent>({
  table: invoicesTable,
  types: ['invoice.*', 'credit_note.*'],
  id: ({ stream_id }) => stream_id,
  evolve: (row, event) => evolveInvoice(row, event),
  ahead: rowsOfBeginnings((row, event) => evolveInvoice(row, event)),
});

const evolveInvoice = (
  row: InvoiceRow | undefined,
  { stream_id: id, version, event }: UnrecordedEvent<InvoiceEvent>,
): InvoiceRow | null | undefined => {
  if (event.type === 'invoice.created') return draftRow(id, version, event);
  if (event.type === 'invoice.finalized') return openRow(id, version, event);
  if (event.type === 'invoice.draft_deleted') return null;
  return row && { ...row, ...changes(row, event), version };
};

type Created = Extract<InvoiceEvent, { type: 'invoice.created' }>;
type Finalized = Extract<InvoiceEvent, { type: 'invoice.finalized' }>;

const untouched = {
  amount_paid: '0',
  amount_refunded: '0',
  refunded: false,
  overdue: false,
  paid_at: null,
  attempt: 0,
  last_payment_error: null,
} as const;

const draftRow = (id: string, version: number, { totals, ...event }: Created): InvoiceRow => ({
  ...event,
  ...untouched,
  id,
  version,
  biller: 'keyledger',
  number: null,
  status: 'draft',
  total: String(totals.total),
  amount_due: String(totals.total),
  issued_at: null,
  due_at: null,
  next_attempt_at: null,
});

const openRow = (id: string, version: number, event: Finalized): InvoiceRow => ({
  ...event,
  ...untouched,
  id,
  version,
  status: 'open',
  total: String(event.total),
  amount_due: String(event.amount_due),
  issued_at: new Date(event.issued_at),
  due_at: new Date(event.due_at),
  next_attempt_at: event.next_attempt_at === null ? null : new Date(event.next_attempt_at),
});

const changes = (row: InvoiceRow, event: InvoiceEvent): Partial<InvoiceRow> => {
  switch (event.type) {
    case 'invoice.payment_received':
      return { amount_due: String(event.amount_due), amount_paid: String(Number(row.amount_paid) + event.amount) };
    case 'invoice.payment_mismatched':
      return { last_payment_error: 'CURRENCY_MISMATCH' };
    case 'invoice.payment_failed': {
      const { attempt, error, next_attempt_at } = event;
      return {
        attempt: attempt + 1,
        last_payment_error: error,
        next_attempt_at: next_attempt_at === null ? null : new Date(next_attempt_at),
      };
    }
    case 'invoice.paid':
      return {
        status: 'paid',
        amount_due: '0',
        overdue: false,
        paid_at: new Date(event.paid_at),
        next_attempt_at: null,
        last_payment_error: null,
      };
    case 'invoice.overdue':
      return { overdue: true };
    case 'invoice.voided':
      return { status: 'void', amount_due: '0', overdue: false, next_attempt_at: null };
    case 'invoice.marked_uncollectible':
      return { status: 'uncollectible', next_attempt_at: null };
    case 'credit_note.issued':
      return { amount_due: String(event.amount_due) };
    case 'invoice.refunded': {
      const due_again = row.status === 'open' && row.biller !== 'stripe' ? event.amount : 0;
      return {
        amount_due: String(Number(row.amount_due) + due_again),
        amount_refunded: String(event.amount_refunded),
        refunded: event.full,
      };
    }
    default:
      return {};
  }
};

const BEGIN = `insert into unfinished_documents (document_id, invoice_id, series, since)
  select begun.document_id, begun.invoice_id, begun.series, e.recorded_at
  from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as begun(id, document_id, invoice_id, series)
  join events e on e.id = begun.id on conflict do nothing`;

/** A document is here from its first event until it is finalized. It is finalized once, so removing comes last. */
export const unfinishedDocumentsProjection = writingProjection({
  name: unfinishedDocumentsTable.name,
  types: [
    'number.assigned',
    'invoice.finalization_started',
    'invoice.finalized',
    'credit_note.requested',
    'credit_note.issued',
  ],
  tables: [unfinishedDocumentsTable.name],
  writes: (batch) => {
    const events = batch as unknown as readonly UnrecordedEvent<InvoiceEvent | NumberAssigned>[];
    const begun = new Map<string, Begun>();
    for (const one of events.flatMap((event) => begunBy(event) ?? []))
      if (!begun.has(one.document_id)) begun.set(one.document_id, one);
    const finished = events.flatMap(({ stream_id, event }) => {
      if (event.type === 'invoice.finalized') return [stream_id];
      return event.type === 'credit_note.issued' ? [event.credit_note_id] : [];
    });
    const values = (['id', 'document_id', 'invoice_id', 'series'] as const).map((of) =>
      [...begun.values()].map((one) => one[of]),
    );
    const add = { name: 'begin_documents', text: BEGIN, values };
    const remove = {
      name: 'finish_documents',
      text: 'delete from unfinished_documents where document_id = any($1::text[])',
      values: [finished],
    };
    return [...(begun.size > 0 ? [add] : []), ...(finished.length > 0 ? [remove] : [])];
  },
});

type Begun = Omit<UnfinishedDocumentRow, 'since'> & { readonly id: string };

const begunBy = ({ id, stream_id, event }: UnrecordedEvent<InvoiceEvent | NumberAssigned>): Begun | undefined => {
  switch (event.type) {
    case 'number.assigned': {
      // The others are begun by another event: of their draft, their credit note or their subscription.
      const { document_id, invoice_id, series, request } = event;
      return request === null ? undefined : { id, document_id, invoice_id, series };
    }
    case 'invoice.finalization_started':
      return { id, document_id: stream_id, invoice_id: stream_id, series: 'invoice' };
    case 'credit_note.requested':
      return { id, document_id: event.credit_note_id, invoice_id: stream_id, series: 'credit_note' };
    default:
      return undefined;
  }
};

export const creditNotesProjection = tableProjection<CreditNoteRow, InvoiceEvent>({
  table: creditNotesTable,
  types: ['credit_note.issued'],
  id: ({ event }) => ('credit_note_id' in event ? event.credit_note_id : ''),
  evolve: (row, { stream_id: invoice_id, event }) => {
    if (event.type !== 'credit_note.issued') return row;
    const { credit_note_id: id, customer_id, number, currency, total, issued_at } = event;
    return { id, invoice_id, customer_id, number, currency, total: String(total), issued_at: new Date(issued_at) };
  },
});

export const refundsProjection = tableProjection<RefundRow, InvoiceEvent>({
  table: refundsTable,
  types: ['invoice.refund_requested', 'invoice.refunded', 'invoice.refund_failed'],
  id: ({ event }) => ('refund_id' in event ? event.refund_id : ''),
  evolve: (row, { stream_id: invoice_id, event, recorded_at }) => {
    switch (event.type) {
      case 'invoice.refund_requested':
      case 'invoice.refunded':
      case 'invoice.refund_failed': {
        const { refund_id: id, payment_id, amount } = event;
        const since = row?.since ?? new Date(recorded_at);
        const error = event.type === 'invoice.refund_failed' ? event.error : null;
        return { id, invoice_id, payment_id, amount: String(amount), status: STATUS[event.type], error, since };
      }
      default:
        return row;
    }
  },
});

const STATUS = {
  'invoice.refund_requested': 'pending',
  'invoice.refunded': 'succeeded',
  'invoice.refund_failed': 'failed',
} as const;

import { chargesOf, type SubscriptionEvent } from '#domain/billing/subscription/subscription.events';
import type { UnrecordedEvent } from '#events/event';
import { writingProjection } from '#events/store';
import { uninvoicedChargesTable } from './uninvoiced-charges.table.ts';

/** An invoice was issued. The event is in the stream of the invoice. */
interface InvoiceFinalized {
  readonly type: 'invoice.finalized';
}

const ADD = `insert into uninvoiced_charges (invoice_id, subscription_id, version, since)
  select charged.invoice_id, e.stream_id, e.version, e.recorded_at
  from unnest($1::text[], $2::text[]) as charged(id, invoice_id) join events e on e.id = charged.id
  on conflict do nothing`;

/** A charge is here from its event until its invoice is issued. It is issued once, so removing comes last. */
export const uninvoicedChargesProjection = writingProjection({
  name: uninvoicedChargesTable.name,
  types: ['subscription.*', 'invoice.finalized'],
  tables: [uninvoicedChargesTable.name],
  writes: (batch) => {
    const events = batch as unknown as readonly UnrecordedEvent<SubscriptionEvent | InvoiceFinalized>[];
    const charged = events.flatMap(({ id, event }) =>
      event.type === 'invoice.finalized' ? [] : chargesOf([event]).map(({ invoice_id }) => ({ id, invoice_id })),
    );
    const issued = events.flatMap(({ stream_id, event }) => (event.type === 'invoice.finalized' ? [stream_id] : []));
    const add = {
      name: 'add_uninvoiced_charges',
      text: ADD,
      values: [charged.map(({ id }) => id), charged.map(({ invoice_id }) => invoice_id)],
    };
    const remove = {
      name: 'remove_uninvoiced_charges',
      text: 'delete from uninvoiced_charges where invoice_id = any($1::text[])',
      values: [issued],
    };
    return [...(charged.length > 0 ? [add] : []), ...(issued.length > 0 ? [remove] : [])];
  },
});

import type { ClientBase } from 'pg';
import type { PublishedEvent } from '#events/event';

export type EventOfNotice = Pick<PublishedEvent, 'type' | 'subject' | 'data'>;

/** The id of the invoice that an event is about: it is on the invoice's stream, or names it. */
export const invoiceOf = ({ type, subject, data }: EventOfNotice): string | undefined => {
  if (/^(invoice|credit_note)\./.test(type)) return subject;
  const { invoice_id } = data;
  return typeof invoice_id === 'string' ? invoice_id : undefined;
};

/** A customer to whom mails can be sent: one that has been forgotten has no address. */
export interface Contact {
  readonly email: string;
  readonly name: string | null;
  readonly locale: string | null;
}

/** An invoice as mails show it. Amounts are minor units. */
export interface InvoiceFacts {
  readonly number: string | null;
  readonly currency: string;
  readonly amount_due: number;
  readonly due_at: string | null;
}

/** What mails say beside the events: published events have ids, and no names. */
export interface NoticeFacts {
  readonly contacts: ReadonlyMap<string, Contact>;
  readonly products: ReadonlyMap<string, string>;
  readonly plans: ReadonlyMap<string, string>;
  readonly invoices: ReadonlyMap<string, InvoiceFacts>;
}

interface InvoiceRow extends Pick<InvoiceFacts, 'number' | 'currency'> {
  readonly id: string;
  readonly amount_due: string;
  readonly due_at: Date | null;
}

/** A customer that was merged into another is written to at the address of that one. */
const CONTACTS = `with recursive merged (id, present) as (
    select id, id from unnest($1::text[]) id
    union all
    select merged.id, c.merged_into from merged join customers c on c.id = merged.present where c.merged_into is not null
  ) select merged.id, c.email, coalesce(c.name, c.company) as name, c.locale
    from merged join customers c on c.id = merged.present where c.merged_into is null and c.email is not null`;

/** Reads what the mails of a batch of events say, with one query for each table. */
export const factsFor = async (batch: readonly EventOfNotice[], tx: ClientBase): Promise<NoticeFacts> => {
  const rowsOf = async <Row extends object>(name: string, text: string, ids: readonly unknown[]): Promise<Row[]> => {
    const known = [...new Set(ids.filter((id) => typeof id === 'string'))];
    return known.length === 0 ? [] : (await tx.query<Row>({ name, text, values: [known] })).rows;
  };
  const field = (name: string): unknown[] => batch.map(({ data }) => data[name]);
  const namesIn = async (table: 'products' | 'plans', ids: unknown[]): Promise<ReadonlyMap<string, string>> => {
    const text = `select id, name from ${table} where id = any($1)`;
    const rows = await rowsOf<{ readonly id: string; readonly name: string }>(`names_of_${table}`, text, ids);
    return new Map(rows.map(({ id, name }) => [id, name]));
  };
  const contacts = await rowsOf<Contact & { readonly id: string }>(
    'contacts_of_customers',
    CONTACTS,
    field('customer_id'),
  );
  const invoices = await rowsOf<InvoiceRow>(
    'facts_of_invoices',
    'select id, number, currency, amount_due, due_at from invoices where id = any($1)',
    batch.map(invoiceOf),
  );
  return {
    contacts: new Map(contacts.map((row) => [row.id, row])),
    products: await namesIn('products', field('product_id')),
    plans: await namesIn('plans', field('plan_id')),
    invoices: new Map(invoices.map((row) => [row.id, factsOf(row)])),
  };
};

const factsOf = ({ number, currency, amount_due, due_at }: InvoiceRow): InvoiceFacts => ({
  number,
  currency,
  amount_due: Number(amount_due),
  due_at: due_at?.toISOString() ?? null,
});

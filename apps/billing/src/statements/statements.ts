import { Inject, Injectable } from '@nestjs/common';
import type { CustomerEvent } from '#domain/billing/customer/customer';
import { invoiceStream, isFinalized } from '#domain/billing/invoice/invoice';
import type { PaymentEvent } from '#domain/billing/payment/payment';
import type { Time } from '#domain/shared/time';
import type { EventStore } from '#events/store';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, EVENT_STORE } from '#platform/service';
import { Customers } from '../customers/customers.ts';
import {
  type Account,
  accountsOf,
  creditEntries,
  type Entry,
  invoiceEntries,
  paymentEntries,
} from './statement.entries.ts';

/** Streams that are read at the same time. */
const AT_ONCE = 50;

interface Found {
  readonly id: string;
  readonly number: string | null;
}

export interface Wanted {
  readonly customer_id: string;
  readonly from: Time;
  readonly to: Time;
  /** undefined = all. */
  readonly currency: string | undefined;
}

/** What a customer was charged, paid and got back. */
@Injectable()
export class Statements {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly customers: Customers,
  ) {}

  /**
   * The accounts of the customer and of those that were merged into it. A merged customer has those of the one that took its
   * place.
   * @throws Refusal CUSTOMER_NOT_FOUND
   */
  async of({
    customer_id,
    from,
    to,
    currency,
  }: Wanted): Promise<{ customer_id: string; accounts: readonly Account[] }> {
    const present = await this.customers.present(customer_id);
    const ids = await this.customers.withMerged(present.customer_id);
    const [invoices, payments, credits] = await Promise.all([
      this.#invoices(ids),
      this.#payments(ids),
      inGroups(ids, async (id) => creditEntries(await this.store.readStream<CustomerEvent>(id))),
    ]);
    const entries = [...invoices, ...payments, ...credits].filter(
      (entry) => currency === undefined || entry.currency === currency,
    );
    return { customer_id: present.customer_id, accounts: accountsOf(entries, from, to) };
  }

  async #invoices(customers: readonly string[]): Promise<readonly Entry[]> {
    const { rows } = await this.database.pool.query<Found>({
      name: 'invoices_of_statement',
      text: 'select id, number from invoices where customer_id = any($1) and number is not null',
      values: [customers],
    });
    return inGroups(rows, async ({ id }) => {
      const { state } = await this.store.load(invoiceStream, id);
      return isFinalized(state) ? invoiceEntries(id, state) : [];
    });
  }

  async #payments(customers: readonly string[]): Promise<readonly Entry[]> {
    const { rows } = await this.database.pool.query<Found>({
      name: 'payments_of_statement',
      text: `select p.id, i.number from payments p left join invoices i on i.id = p.invoice_id
        where p.customer_id = any($1) and p.paid_at is not null`,
      values: [customers],
    });
    return inGroups(rows, async ({ id, number }) =>
      paymentEntries(id, await this.store.readStream<PaymentEvent>(id), number),
    );
  }
}

const inGroups = async <T>(
  all: readonly T[],
  entriesOf: (one: T) => Promise<readonly Entry[]>,
): Promise<readonly Entry[]> => {
  const entries: Entry[] = [];
  for (let n = 0; n < all.length; n += AT_ONCE)
    for (const some of await Promise.all(all.slice(n, n + AT_ONCE).map(entriesOf))) entries.push(...some);
  return entries;
};

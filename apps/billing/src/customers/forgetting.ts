import { Inject, Injectable } from '@nestjs/common';
import { type CustomerEvent, customerStream } from '#domain/billing/customer/customer';
import { refuseCustomer } from '#domain/billing/customer/customer.errors';
import { invoiceStream, isFinalized } from '#domain/billing/invoice/invoice';
import { BLOCKING_STATUSES } from '#domain/billing/subscription/subscription.statuses';
import { customerId } from '#domain/shared/id';
import type { Time } from '#domain/shared/time';
import type { EventMetadata } from '#events/event';
import type { EventStore } from '#events/store';
import { CLOCK, type Clock } from '#platform/clock/clock';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, EVENT_STORE } from '#platform/service';
import { Customers } from './customers.ts';

export interface Forgotten {
  readonly customer_id: string;
  readonly forgotten_at: Time;
  readonly kept: {
    readonly invoices: number;
    /** Then no invoice shows the buyer any more; null = none does. */
    readonly buyers_until: Time | null;
  };
}

/** Deletes the personal data of customers: first the event, which clears the tables, then the key, which clears the log. */
@Injectable()
export class Forgetting {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly customers: Customers,
  ) {}

  /**
   * Forgets a customer and all that were merged into it. Finalized invoices keep their buyer until their retention ends.
   * @throws Refusal CUSTOMER_NOT_FOUND, CUSTOMER_MERGED, CUSTOMER_IN_USE with the ids of what is live
   */
  async forget(customer_id: string, metadata: EventMetadata): Promise<Forgotten> {
    const { merged_into } = await this.customers.find(customer_id);
    if (merged_into !== null) return refuseCustomer('CUSTOMER_MERGED', { merged_into });
    const ids = await this.customers.withMerged(customer_id);
    await this.#assertIdle(ids);
    const now = this.clock.now().toISOString();
    for (const id of ids) {
      const person_ids = await this.#peopleOf(id, ids);
      await this.customers.handle({ type: 'ForgetCustomer', customer_id: id, person_ids, now }, { metadata });
      await this.store.forgetPerson(id);
    }
    const { forgotten_at } = await this.customers.find(customer_id);
    return { customer_id, forgotten_at: forgotten_at ?? now, kept: await this.#kept(ids) };
  }

  /** Deletes the key of a customer that is still forgotten. */
  async finish(customer_id: string): Promise<void> {
    const { state } = await this.store.load(customerStream, customer_id);
    if (state.status !== 'none' && state.forgotten_at !== null) await this.store.forgetPerson(customer_id);
  }

  async #assertIdle(customers: readonly string[]): Promise<void> {
    const { rows: subscriptions } = await this.database.pool.query<{ id: string }>({
      name: 'live_subscriptions_of_customers',
      text: 'select id from subscriptions where customer_id = any($1) and status = any($2) order by id',
      values: [customers, BLOCKING_STATUSES],
    });
    const { rows: invoices } = await this.database.pool.query<{ id: string }>({
      name: 'open_invoices_of_customers',
      text: `select id from invoices where customer_id = any($1) and status in ('draft', 'open') order by id`,
      values: [customers],
    });
    if (subscriptions.length + invoices.length === 0) return;
    const ids = (rows: readonly { readonly id: string }[]): string[] => rows.map(({ id }) => id);
    refuseCustomer('CUSTOMER_IN_USE', { subscription_ids: ids(subscriptions), invoice_ids: ids(invoices) });
  }

  /**
   * Ids of the person in other services: its own, and those that derive from the addresses that it had. An address that belongs
   * to another customer now is the other one's.
   */
  async #peopleOf(customer_id: string, family: readonly string[]): Promise<readonly string[]> {
    const events = await this.store.readStream<CustomerEvent>(customer_id);
    const hashes = events.flatMap(({ event }) => ('email_hash' in event ? (event.email_hash ?? []) : []));
    const { rows } = await this.database.pool.query<{ email_hash: string }>({
      name: 'addresses_of_others',
      text: 'select email_hash from customers where email_hash = any($1) and id <> all($2)',
      values: [hashes, family],
    });
    const others = new Set(rows.map(({ email_hash }) => personOf(email_hash)));
    return [...new Set([customer_id, ...hashes.map(personOf)])].filter((id) => !others.has(id));
  }

  async #kept(customers: readonly string[]): Promise<Forgotten['kept']> {
    const { rows } = await this.database.pool.query<{ id: string }>({
      name: 'finalized_invoices_of_customers',
      text: 'select id from invoices where customer_id = any($1) and number is not null',
      values: [customers],
    });
    let last = 0;
    for (const { id } of rows) {
      const { state } = await this.store.load(invoiceStream, id);
      if (isFinalized(state) && state.document.buyer !== null) last = Math.max(last, state.document.books_year);
    }
    return { invoices: rows.length, buyers_until: last === 0 ? null : `${last + 1}-01-01T00:00:00.000Z` };
  }
}

const personOf = (email_hash: string): string => customerId(Buffer.from(email_hash, 'base64url'));

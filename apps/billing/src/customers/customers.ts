import { Inject, Injectable } from '@nestjs/common';
import { type CustomerCommand, decideCustomer, type WantedProfile } from '#domain/billing/customer/customer.commands';
import { refuseCustomer } from '#domain/billing/customer/customer.errors';
import {
  type Customer as CustomerOf,
  customerStream,
  type CustomerEvent,
  type CustomerState,
} from '#domain/billing/customer/customer';
import { customerId, newId } from '#domain/shared/id';
import type { EventMetadata } from '#events/event';
import {
  type EventStore,
  type HandleOptions,
  type Outcome,
  StaleVersionError,
  UniqueViolationError,
} from '#events/store';
import { tryAgain } from '#events/try-again';
import { CLOCK, type Clock } from '#platform/clock/clock';
import type { MasterKey } from '#platform/crypto/keys';
import type { ServiceDatabase } from '#platform/database/database';
import { emailHash } from '#platform/mail/email-hash';
import { DATABASE, EVENT_STORE, MASTER_KEY } from '#platform/service';

export type Changed = Outcome<CustomerState, CustomerEvent>;

/** A customer with its id. */
export type Customer = CustomerOf & { readonly customer_id: string };

/** Fields of a profile that are left out. */
const EMPTY: Omit<WantedProfile, 'email'> = {
  external_id: null,
  name: null,
  company: null,
  address: {},
  tax_ids: [],
  locale: null,
  payment_terms_days: null,
  po_number: null,
  metadata: {},
};

/** A profile whose fields may be left out. */
export type NewProfile = Partial<Omit<WantedProfile, 'email'>>;

/** Why a balance changes. */
export interface BalanceCause {
  readonly currency: string;
  /** For people: `overpayment`, `credit note`. */
  readonly reason: string;
  /** An id of what caused it. A source changes the balance of a customer once. */
  readonly source: string;
}

/** The people and companies that pay, for the other parts of billing. */
@Injectable()
export class Customers {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(MASTER_KEY) private readonly masterKey: MasterKey,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** A customer, usually from memory; `merged_into` names the customer that took its place. @throws Refusal CUSTOMER_NOT_FOUND */
  async find(customer_id: string): Promise<Customer> {
    const { state } = await this.store.load(customerStream, customer_id);
    const found = state.status === 'none' ? await this.#fromLog(customer_id) : state;
    return found.status === 'none' ? refuseCustomer('CUSTOMER_NOT_FOUND') : { customer_id, ...found };
  }

  /** Reads past the memory, which does not know yet what another instance created a moment ago. */
  async #fromLog(customer_id: string): Promise<CustomerState> {
    const events = await this.store.readStream<CustomerEvent>(customer_id);
    return events.map(({ event }) => event).reduce(customerStream.evolve, customerStream.initialState);
  }

  /** The customer, or the one that took its place. @throws Refusal CUSTOMER_NOT_FOUND */
  async present(customer_id: string): Promise<Customer> {
    const customer = await this.find(customer_id);
    return customer.merged_into === null ? customer : this.present(customer.merged_into);
  }

  /** The customer and all that were merged into it: their subscriptions and invoices keep their ids. */
  async withMerged(customer_id: string): Promise<readonly string[]> {
    const { rows } = await this.database.pool.query<{ id: string }>({
      name: 'merged_customers',
      text: `with recursive merged(id) as (
          select $1::text union select c.id from customers c join merged m on c.merged_into = m.id
        ) select id from merged`,
      values: [customer_id],
    });
    return rows.map(({ id }) => id);
  }

  /**
   * The customer with an e-mail address, created if there is none. Any number of calls at the same time get the same customer.
   * @param profile used only for a new customer
   */
  async forEmail(email: string, profile: NewProfile, metadata: EventMetadata): Promise<Customer> {
    const attempt = async (): Promise<Customer> => {
      const known = await this.idOf(email);
      if (known !== undefined) return this.#returning(await this.present(known), email, profile, metadata);
      const id = await this.#freeId(email);
      await this.handle(this.#creation(id, email, profile), { metadata, expectedVersion: 0 });
      return this.find(id);
    };
    return tryAgain(attempt, { when: isTaken });
  }

  /** A person that was forgotten and comes back is the same customer, with new data. */
  async #returning(customer: Customer, email: string, profile: NewProfile, metadata: EventMetadata): Promise<Customer> {
    const { customer_id, forgotten_at } = customer;
    if (forgotten_at === null) return customer;
    const changes = { ...profile, email };
    await this.handle({ type: 'UpdateCustomer', customer_id, changes, email_hash: undefined }, { metadata });
    return this.find(customer_id);
  }

  /** @throws Refusal CUSTOMER_EXISTS with the id of the customer that has this address */
  async create(
    email: string,
    profile: NewProfile,
    options: (customer_id: string) => HandleOptions<CustomerState, CustomerEvent>,
  ): Promise<Changed> {
    const attempt = async (): Promise<Changed> => {
      const customer_id = await this.idOf(email);
      if (customer_id !== undefined) return refuseCustomer('CUSTOMER_EXISTS', { customer_id });
      const id = await this.#freeId(email);
      return this.handle(this.#creation(id, email, profile), { ...options(id), expectedVersion: 0 });
    };
    return tryAgain(attempt, { when: isTaken });
  }

  /** @throws Refusal CUSTOMER_EXISTS for an e-mail address that another customer has */
  async update(
    customer_id: string,
    changes: (present: CustomerState) => Partial<WantedProfile>,
    options: HandleOptions<CustomerState, CustomerEvent>,
  ): Promise<Changed> {
    let email: string | undefined;
    const decide = (state: CustomerState): readonly CustomerEvent[] => {
      const wanted = changes(state);
      email = wanted.email;
      const email_hash = email === undefined ? undefined : emailHash(this.masterKey, email);
      return decideCustomer({ type: 'UpdateCustomer', customer_id, changes: wanted, email_hash }, state);
    };
    try {
      return await this.store.handle(customerStream, customer_id, decide, options);
    } catch (error) {
      if (!(error instanceof UniqueViolationError) || email === undefined) throw error;
      return refuseCustomer('CUSTOMER_EXISTS', { customer_id: await this.idOf(email) });
    }
  }

  /**
   * Changes the credit of a customer, or of the one that took its place. A source has its effect once.
   * @param cause.amount minor units that are added; negative takes credit
   * @returns the amount by which this source changed the balance
   * @throws Refusal BALANCE_TOO_LOW
   */
  changeBalance(
    customer_id: string,
    { amount, ...cause }: BalanceCause & { readonly amount: number },
    metadata: EventMetadata,
  ): Promise<number> {
    return this.#balance(
      customer_id,
      cause.source,
      (id) => ({ type: 'ChangeBalance', customer_id: id, amount, ...cause, now: this.#now() }),
      metadata,
    );
  }

  /**
   * Takes credit of a customer, or of the one that took its place: as much as there is, at most `up_to`.
   * @returns what this source took, in minor units; the same when it is called again
   */
  async useBalance(
    customer_id: string,
    { up_to, ...cause }: BalanceCause & { readonly up_to: number },
    metadata: EventMetadata,
  ): Promise<number> {
    const command = (id: string): CustomerCommand => ({
      type: 'UseBalance',
      customer_id: id,
      up_to,
      ...cause,
      now: this.#now(),
    });
    return -(await this.#balance(customer_id, cause.source, command, metadata)) || 0;
  }

  /**
   * Merges a customer into another one, which gets its balances. Its subscriptions and invoices keep its id.
   * @throws Refusal CUSTOMER_NOT_FOUND, CUSTOMER_MERGED, INVALID_MERGE
   */
  async merge(
    customer_id: string,
    into: string,
    options: HandleOptions<CustomerState, CustomerEvent>,
  ): Promise<Changed> {
    const now = this.#now();
    const merged = await this.store.handle(
      customerStream,
      customer_id,
      (state, _version, read) => {
        const target = read(customerStream, into).state;
        return decideCustomer({ type: 'MergeCustomer', customer_id, into, target, now }, state);
      },
      { ...options, reads: [{ type: customerStream, id: into }] },
    );
    await this.moveBalances(customer_id, options.metadata);
    return merged;
  }

  /** Gives the balances of a merged customer to the customer that took its place. It has its effect once. */
  async moveBalances(customer_id: string, metadata: EventMetadata): Promise<void> {
    const { merged_into, moved } = await this.find(customer_id);
    if (merged_into === null) return;
    for (const [currency, amount] of Object.entries(moved)) {
      const source = `merge:${customer_id}:${currency}`;
      await this.changeBalance(merged_into, { currency, amount, reason: 'merge', source }, metadata);
    }
  }

  /** Decides a command on a customer. */
  handle(command: CustomerCommand, options: HandleOptions<CustomerState, CustomerEvent>): Promise<Changed> {
    return this.store.handle(customerStream, command.customer_id, (state) => decideCustomer(command, state), options);
  }

  /** Id of the customer with an e-mail address; a merged customer still has its address. */
  async idOf(email: string): Promise<string | undefined> {
    const { rows } = await this.database.pool.query<{ id: string }>({
      name: 'customer_by_email',
      text: 'select id from customers where email_hash = $1',
      values: [emailHash(this.masterKey, email)],
    });
    return rows[0]?.id;
  }

  /** Id of the customer with this id of the merchant; of several, the first. */
  async idOfExternal(external_id: string): Promise<string | undefined> {
    const { rows } = await this.database.pool.query<{ id: string }>({
      name: 'customer_by_external_id',
      text: `select id from customers where external_id = $1 and merged_into is null order by created_at, id limit 1`,
      values: [external_id],
    });
    return rows[0]?.id;
  }

  async #balance(
    customer_id: string,
    source: string,
    command: (id: string) => CustomerCommand,
    metadata: EventMetadata,
  ): Promise<number> {
    // A source that changed the balance before the customer was merged has had its effect.
    const { merged_into, sources } = await this.find(customer_id);
    const before = sources.get(source);
    if (before !== undefined) return before;
    if (merged_into !== null) return this.#balance(merged_into, source, command, metadata);
    try {
      const { state } = await this.handle(command(customer_id), { metadata });
      return state.status === 'none' ? 0 : (state.sources.get(source) ?? 0);
    } catch (error) {
      // Merged since the read.
      if ((await this.find(customer_id)).merged_into === null) throw error;
      return this.#balance(customer_id, source, command, metadata);
    }
  }

  #creation(customer_id: string, email: string, profile: NewProfile): CustomerCommand {
    return {
      type: 'CreateCustomer',
      customer_id,
      email_hash: emailHash(this.masterKey, email),
      profile: { ...EMPTY, ...profile, email },
      now: this.#now(),
    };
  }

  #now(): string {
    return this.clock.now().toISOString();
  }

  /** The id that licensing derives from the address, unless a customer has it that changed its address since. */
  async #freeId(email: string): Promise<string> {
    const id = customerId(Buffer.from(emailHash(this.masterKey, email), 'base64url'));
    const { version } = await this.store.load(customerStream, id);
    return version === 0 ? id : newId('cus');
  }
}

/** Another call created the customer at the same time. */
const isTaken = (error: unknown): boolean =>
  error instanceof UniqueViolationError || (error instanceof StaleVersionError && error.expected === 0);

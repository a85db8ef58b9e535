import { Controller, Inject } from '@nestjs/common';
import { refuseCustomer } from '#domain/billing/customer/customer.errors';
import { customerStream } from '#domain/billing/customer/customer';
import { newId } from '#domain/shared/id';
import type { EventStore } from '#events/store';
import { systemWide } from '#platform/auth/principal';
import { type Clock, CLOCK } from '#platform/clock/clock';
import { fileAnswer } from '#platform/export/streams';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { mergePatch } from '#platform/http/merge-patch';
import { etag } from '#platform/http/preconditions';
import { EVENT_STORE } from '#platform/service';
import * as contracts from './customer.endpoints.ts';
import { CustomerList } from './customer.list.ts';
import { viewCustomer } from './customer.view.ts';
import { type Changed, Customers } from './customers.ts';
import { Forgetting } from './forgetting.ts';

/** Customers belong to no product, so keys that are bound to one have no access. */
@Controller()
export class CustomerController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly list: CustomerList,
    private readonly customers: Customers,
    private readonly forgetting: Forgetting,
  ) {}

  @Endpoint(contracts.createCustomer)
  async create(call: Call<typeof contracts.createCustomer>): Promise<Answer> {
    systemWide(call.principal);
    const { email, ...profile } = call.body;
    const answer = (changed: Changed): Answer => {
      const { body, headers } = shown(changed);
      return new Answer(201, body, { ...headers, location: `/api/v1/admin/customers/${changed.streamId}` });
    };
    return answer(await this.customers.create(email, profile, () => call.command(answer)));
  }

  @Endpoint(contracts.listCustomers)
  page({ query, principal }: Call<typeof contracts.listCustomers>): Promise<unknown> | Answer {
    systemWide(principal);
    const { format } = query;
    if (format === undefined) return this.list.page(query);
    return fileAnswer('customers', format, Object.keys(contracts.Customer.properties), this.list.all(query));
  }

  @Endpoint(contracts.readCustomer)
  async read(call: Call<typeof contracts.readCustomer>): Promise<Answer> {
    systemWide(call.principal);
    const { id } = call.params;
    const { as_of } = call.query;
    const { state, version } =
      as_of === undefined
        ? await this.store.load(customerStream, id)
        : await this.store.loadAsOf(customerStream, id, as_of);
    return shown({ streamId: id, state, version });
  }

  @Endpoint(contracts.updateCustomer)
  async update(call: Call<typeof contracts.updateCustomer>): Promise<Answer> {
    systemWide(call.principal);
    const { id } = call.params;
    const { metadata, ...changes } = call.body;
    const options = { metadata: call.metadata(), expectedVersion: call.if_match };
    const changed = await this.customers.update(
      id,
      (state) =>
        metadata === undefined || state.status === 'none'
          ? changes
          : { ...changes, metadata: mergePatch(state.metadata, metadata) },
      options,
    );
    return shown(changed);
  }

  @Endpoint(contracts.mergeCustomer)
  async merge(call: Call<typeof contracts.mergeCustomer>): Promise<Answer> {
    systemWide(call.principal);
    return shown(await this.customers.merge(call.params.id, call.body.into, call.command(shown)));
  }

  @Endpoint(contracts.forgetCustomer)
  async forget(call: Call<typeof contracts.forgetCustomer>): Promise<Answer> {
    systemWide(call.principal);
    return new Answer(200, await this.forgetting.forget(call.params.id, call.metadata()));
  }

  @Endpoint(contracts.changeCustomerBalance)
  async changeBalance(call: Call<typeof contracts.changeCustomerBalance>): Promise<Answer> {
    systemWide(call.principal);
    const { id } = call.params;
    const command = {
      type: 'ChangeBalance',
      customer_id: id,
      source: newId('req'),
      now: this.clock.now().toISOString(),
      ...call.body,
    } as const;
    return shown(await this.customers.handle(command, call.command(shown)));
  }
}

const shown = ({ streamId, state, version }: Pick<Changed, 'streamId' | 'state' | 'version'>): Answer =>
  state.status === 'none'
    ? refuseCustomer('CUSTOMER_NOT_FOUND')
    : new Answer(200, viewCustomer(streamId, state), { etag: etag(version) });

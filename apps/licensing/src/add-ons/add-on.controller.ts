import { Controller, Inject } from '@nestjs/common';
import { ADD_ON_DEFAULTS, addOnStream, decideAddOn, refuseAddOn } from '#domain/licensing/add-on/add-on';
import { type Product, productStream, productSupports, refuseProduct } from '#domain/licensing/product/product';
import { newId } from '#domain/shared/id';
import type { EventStore } from '#events/store';
import { type Principal, seesProduct } from '#platform/auth/principal';
import type { ServiceDatabase } from '#platform/database/database';
import { newestFirst } from '#platform/database/newest-first';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import { etag } from '#platform/http/preconditions';
import { DATABASE, EVENT_STORE } from '#platform/service';
import { slugTaken } from '../slug-taken.ts';
import { type AddOn, createAddOn, listAddOns, readAddOn, updateAddOn } from './add-on.endpoints.ts';
import { type AddOnRow, addOnsTable } from './add-on.table.ts';

@Controller()
export class AddOnController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
  ) {}

  @Endpoint(createAddOn)
  async create(call: Call<typeof createAddOn>): Promise<Answer> {
    const product_id = call.params.id;
    const product = await this.#product(product_id, call.principal);
    if (!productSupports(product.type, 'entitlements')) return refuseProduct('FEATURE_NOT_AVAILABLE');
    const add_on = { product_id, ...ADD_ON_DEFAULTS, ...call.body };
    const id = newId('addon');
    const answer = (at: string | undefined): Answer =>
      new Answer(
        201,
        { id, ...add_on, created_at: at, updated_at: at },
        { location: `/api/v1/admin/products/${product_id}/add-ons/${id}`, etag: etag(1) },
      );
    const { events } = await this.store
      .handle(addOnStream, id, (state) => decideAddOn({ type: 'CreateAddOn', add_on }, state), {
        ...call.command((outcome) => answer(outcome.events[0]?.recorded_at)),
        expectedVersion: 0,
      })
      .catch(slugTaken(refuseAddOn));
    return answer(events[0]?.recorded_at);
  }

  @Endpoint(listAddOns)
  async page(call: Call<typeof listAddOns>): Promise<unknown> {
    await this.#product(call.params.id, call.principal);
    const { limit = DEFAULT_LIMIT, cursor } = call.query;
    const [before] = decodeCursor(cursor, ['string']).map(String);
    const query = newestFirst(this.database.orm, addOnsTable, before, limit + 1);
    const rows = await query.andWhere({ product_id: call.params.id }).getMany();
    return pageOf(rows, limit, ({ id }) => [id], view);
  }

  @Endpoint(readAddOn)
  async read(call: Call<typeof readAddOn>): Promise<Answer> {
    await this.#product(call.params.id, call.principal);
    return this.#read(call.params);
  }

  @Endpoint(updateAddOn)
  async update(call: Call<typeof updateAddOn>): Promise<Answer> {
    const { id, add_on_id } = call.params;
    await this.#product(id, call.principal);
    const { state: present } = await this.store.load(addOnStream, add_on_id);
    if (present.status === 'none' || present.product_id !== id) return refuseAddOn('ADD_ON_NOT_FOUND');
    await this.store
      .handle(addOnStream, add_on_id, (state) => decideAddOn({ type: 'UpdateAddOn', changes: call.body }, state), {
        metadata: call.metadata(),
        expectedVersion: call.if_match,
      })
      .catch(slugTaken(refuseAddOn));
    return this.#read(call.params);
  }

  async #product(id: string, principal: Principal): Promise<Product> {
    const { state } = await this.store.load(productStream, id);
    if (state.status === 'none' || !seesProduct(principal, id)) return refuseProduct('PRODUCT_NOT_FOUND');
    return state;
  }

  async #read({ id, add_on_id }: { readonly id: string; readonly add_on_id: string }): Promise<Answer> {
    const row = await this.database.orm.getRepository(addOnsTable).findOneBy({ id: add_on_id, product_id: id });
    return row === null ? refuseAddOn('ADD_ON_NOT_FOUND') : new Answer(200, view(row), { etag: etag(row.version) });
  }
}

const view = ({ version: _version, created_at, updated_at, ...row }: AddOnRow): AddOn => ({
  ...row,
  created_at: created_at.toISOString(),
  updated_at: updated_at.toISOString(),
});

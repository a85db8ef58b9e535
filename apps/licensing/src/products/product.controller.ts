import { Controller, Inject } from '@nestjs/common';
import { decideProduct, PRODUCT_DEFAULTS, productStream, refuseProduct } from '#domain/licensing/product/product';
import { newId } from '#domain/shared/id';
import type { EventStore } from '#events/store';
import { seesProduct } from '#platform/auth/principal';
import type { ServiceDatabase } from '#platform/database/database';
import { containing, newestFirst } from '#platform/database/newest-first';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import { etag } from '#platform/http/preconditions';
import { Problem } from '#platform/http/problem';
import { DATABASE, EVENT_STORE } from '#platform/service';
import { slugTaken } from '../slug-taken.ts';
import { createProduct, listProducts, type Product, readProduct, updateProduct } from './product.endpoints.ts';
import { type ProductRow, productsTable } from './product.table.ts';

@Controller()
export class ProductController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
  ) {}

  @Endpoint(createProduct)
  async create(call: Call<typeof createProduct>): Promise<Answer> {
    if (call.principal.product_id !== null) {
      throw new Problem(403, 'FORBIDDEN', 'A key that is bound to a product makes no others.');
    }
    const { name, slug, type, minimum_supported_version = null, minimum_supported_message = null } = call.body;
    const { require_signing = false, key_format = 'random', key_prefix = null } = call.body;
    const { allow_multiple_subscriptions } = { ...PRODUCT_DEFAULTS, ...call.body };
    const terms = {
      name,
      slug,
      minimum_supported_version,
      minimum_supported_message,
      require_signing,
      key_format,
      key_prefix,
      allow_multiple_subscriptions,
    };
    const id = newId('prod');
    const answer = (created_at: string | undefined): Answer =>
      new Answer(
        201,
        { id, type, ...terms, created_at, updated_at: created_at },
        { location: `/api/v1/admin/products/${id}`, etag: etag(1) },
      );
    const outcome = await this.store
      .handle(
        productStream,
        id,
        (state) => decideProduct({ type: 'CreateProduct', product_id: id, product: { type, ...terms } }, state),
        { ...call.command(({ events }) => answer(events[0]?.recorded_at)), expectedVersion: 0 },
      )
      .catch(slugTaken(refuseProduct));
    return answer(outcome.events[0]?.recorded_at);
  }

  @Endpoint(listProducts)
  async page(call: Call<typeof listProducts>): Promise<unknown> {
    const { limit = DEFAULT_LIMIT, cursor, q } = call.query;
    const [before] = decodeCursor(cursor, ['string']).map(String);
    const query = newestFirst(this.database.orm, productsTable, before, limit + 1);
    if (call.principal.product_id !== null) query.andWhere({ id: call.principal.product_id });
    if (q !== undefined) query.andWhere(...containing(q, 'name', 'slug'));
    return pageOf(await query.getMany(), limit, ({ id }) => [id], view);
  }

  @Endpoint(readProduct)
  read(call: Call<typeof readProduct>): Promise<Answer> {
    if (!seesProduct(call.principal, call.params.id)) return refuseProduct('PRODUCT_NOT_FOUND');
    return this.#read(call.params.id);
  }

  @Endpoint(updateProduct)
  async update(call: Call<typeof updateProduct>): Promise<Answer> {
    const { id } = call.params;
    if (!seesProduct(call.principal, id)) return refuseProduct('PRODUCT_NOT_FOUND');
    await this.store
      .handle(productStream, id, (state) => decideProduct({ type: 'UpdateProduct', changes: call.body }, state), {
        metadata: call.metadata(),
        expectedVersion: call.if_match,
      })
      .catch(slugTaken(refuseProduct));
    return this.#read(id);
  }

  async #read(id: string): Promise<Answer> {
    const row = await this.database.orm.getRepository(productsTable).findOneBy({ id });
    return row === null ? refuseProduct('PRODUCT_NOT_FOUND') : new Answer(200, view(row), { etag: etag(row.version) });
  }
}

const view = ({ version: _version, product_type, created_at, updated_at, ...row }: ProductRow): Product =>
  ({
    ...row,
    type: product_type,
    created_at: created_at.toISOString(),
    updated_at: updated_at.toISOString(),
  }) as Product;

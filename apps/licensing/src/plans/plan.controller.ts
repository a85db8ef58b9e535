import { randomInt } from 'node:crypto';
import { Controller, Inject } from '@nestjs/common';
import { decidePlan, type Plan as PlanState, PLAN_DEFAULTS, planStream, refusePlan } from '#domain/licensing/plan/plan';
import { productStream, refuseProduct } from '#domain/licensing/product/product';
import { newId } from '#domain/shared/id';
import type { EventStore } from '#events/store';
import { type Principal, seesProduct } from '#platform/auth/principal';
import type { ServiceDatabase } from '#platform/database/database';
import { containing, newestFirst } from '#platform/database/newest-first';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import { etag } from '#platform/http/preconditions';
import { DATABASE, EVENT_STORE } from '#platform/service';
import { slugTaken } from '../slug-taken.ts';
import { createPlan, deletePlan, listPlans, type Plan, readPlan, updatePlan } from './plan.endpoints.ts';
import { usesOfPlan } from './plan-uses.ts';
import { type PlanRow, plansTable } from './plan.table.ts';

@Controller()
export class PlanController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
  ) {}

  @Endpoint(createPlan)
  async create(call: Call<typeof createPlan>): Promise<Answer> {
    const plan = { ...PLAN_DEFAULTS, ...call.body };
    const product = await this.store.load(productStream, plan.product_id);
    if (product.version === 0 || !seesProduct(call.principal, plan.product_id))
      return refuseProduct('PRODUCT_NOT_FOUND');
    const product_type = product.state.status === 'none' ? refuseProduct('PRODUCT_NOT_FOUND') : product.state.type;
    const id = newId('plan');
    const checkout_id = `${plan.slug}-${checkoutSuffix()}`;
    const answer = (created_at: string | undefined): Answer =>
      new Answer(
        201,
        { id, checkout_id, ...plan, created_at, updated_at: created_at },
        { location: `/api/v1/admin/plans/${id}`, etag: etag(1) },
      );
    const outcome = await this.store
      .handle(planStream, id, (state) => decidePlan({ type: 'CreatePlan', plan, product_type, checkout_id }, state), {
        ...call.command(({ events }) => answer(events[0]?.recorded_at)),
        expectedVersion: 0,
      })
      .catch(slugTaken(refusePlan));
    return answer(outcome.events[0]?.recorded_at);
  }

  @Endpoint(listPlans)
  async page(call: Call<typeof listPlans>): Promise<unknown> {
    const { limit = DEFAULT_LIMIT, cursor, product_id, active, q } = call.query;
    const [before] = decodeCursor(cursor, ['string']).map(String);
    const query = newestFirst(this.database.orm, plansTable, before, limit + 1);
    if (call.principal.product_id !== null) query.andWhere({ product_id: call.principal.product_id });
    if (product_id !== undefined) query.andWhere({ product_id });
    if (active !== undefined) query.andWhere({ active });
    if (q !== undefined) query.andWhere(...containing(q, 'name', 'slug'));
    return pageOf(await query.getMany(), limit, ({ id }) => [id], view);
  }

  @Endpoint(readPlan)
  async read(call: Call<typeof readPlan>): Promise<Answer> {
    await this.#visible(call.params.id, call.principal);
    return this.#read(call.params.id);
  }

  @Endpoint(updatePlan)
  async update(call: Call<typeof updatePlan>): Promise<Answer> {
    const { id } = call.params;
    const { product_id } = await this.#visible(id, call.principal);
    const { state: product } = await this.store.load(productStream, product_id);
    if (product.status === 'none') return refuseProduct('PRODUCT_NOT_FOUND');
    const command = { type: 'UpdatePlan', product_type: product.type, changes: call.body } as const;
    await this.store
      .handle(planStream, id, (state) => decidePlan(command, state), {
        metadata: call.metadata(),
        expectedVersion: call.if_match,
      })
      .catch(slugTaken(refusePlan));
    return this.#read(id);
  }

  @Endpoint(deletePlan)
  async delete(call: Call<typeof deletePlan>): Promise<Answer> {
    const { id } = call.params;
    await this.#visible(id, call.principal);
    const uses = await usesOfPlan(id, this.database.pool);
    await this.store.handle(planStream, id, (state) => decidePlan({ type: 'DeletePlan', uses }, state), {
      metadata: call.metadata(),
      expectedVersion: call.if_match,
    });
    return new Answer(204, null);
  }

  async #visible(id: string, principal: Principal): Promise<PlanState> {
    const { state } = await this.store.load(planStream, id);
    if (state.status === 'none' || !seesProduct(principal, state.product_id)) return refusePlan('PLAN_NOT_FOUND');
    return state;
  }

  async #read(id: string): Promise<Answer> {
    const row = await this.database.orm.getRepository(plansTable).findOneBy({ id });
    return row === null ? refusePlan('PLAN_NOT_FOUND') : new Answer(200, view(row), { etag: etag(row.version) });
  }
}

/** Six characters that make the address of a plan unique: 36⁶ values are enough, and a unique index rejects duplicates. */
const checkoutSuffix = (): string =>
  randomInt(36 ** 6)
    .toString(36)
    .padStart(6, '0');

const view = ({ version: _version, created_at, updated_at, ...row }: PlanRow): Plan => ({
  ...row,
  created_at: created_at.toISOString(),
  updated_at: updated_at.toISOString(),
});

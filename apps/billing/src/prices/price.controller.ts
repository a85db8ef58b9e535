import { Controller, Inject } from '@nestjs/common';
import type { Static } from 'typebox';
import { decidePrice, type PriceEvent, priceStream, type PriceState } from '#domain/billing/price/price';
import { refusePrice } from '#domain/billing/price/price.errors';
import type { PriceTerms, UsagePricing } from '#domain/billing/price/price.terms';
import { newId } from '#domain/shared/id';
import { type EventStore, UniqueViolationError } from '#events/store';
import { type Principal, seesProduct } from '#platform/auth/principal';
import type { ServiceDatabase } from '#platform/database/database';
import { newestFirst } from '#platform/database/newest-first';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { mergePatch } from '#platform/http/merge-patch';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import { etag } from '#platform/http/preconditions';
import { DATABASE, EVENT_STORE } from '#platform/service';
import { KnownPlans } from '../plans/known-plans.ts';
import { createPrice, IMMUTABLE, listPrices, type Price, readPrice, updatePrice } from './price.endpoints.ts';
import { type PriceRow, pricesTable } from './price.table.ts';
import { Prices } from './prices.ts';

@Controller()
export class PriceController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly plans: KnownPlans,
    private readonly prices: Prices,
  ) {}

  @Endpoint(createPrice)
  async create(call: Call<typeof createPrice>): Promise<Answer> {
    const { nickname = null, lookup_key = null, metadata = {} } = call.body;
    const terms = await this.#terms(call.body, call.principal);
    const price = { ...terms, active: true, nickname, lookup_key, metadata };
    const id = newId('price');
    const answer = (at: string | undefined): Answer =>
      new Answer(
        201,
        { id, ...price, created_at: at, updated_at: at },
        { location: `/api/v1/admin/prices/${id}`, etag: etag(1) },
      );
    const { events } = await this.store
      .handle(priceStream, id, (state) => decidePrice({ type: 'CreatePrice', price }, state), {
        ...call.command((outcome) => answer(outcome.events[0]?.recorded_at)),
        expectedVersion: 0,
      })
      .catch(lookupKeyTaken);
    return answer(events[0]?.recorded_at);
  }

  @Endpoint(listPrices)
  async page(call: Call<typeof listPrices>): Promise<unknown> {
    const { limit = DEFAULT_LIMIT, cursor, ...filters } = call.query;
    const [before] = decodeCursor(cursor, ['string']).map(String);
    const query = newestFirst(this.database.orm, pricesTable, before, limit + 1);
    if (call.principal.product_id !== null) query.andWhere({ product_id: call.principal.product_id });
    for (const [column, value] of Object.entries(filters)) query.andWhere({ [column]: value });
    return pageOf(await query.getMany(), limit, ({ id }) => [id], view);
  }

  @Endpoint(readPrice)
  async read(call: Call<typeof readPrice>): Promise<Answer> {
    await this.#visible(call.params.id, call.principal);
    return this.#read(call.params.id);
  }

  @Endpoint(updatePrice)
  async update(call: Call<typeof updatePrice>): Promise<Answer> {
    const { id } = call.params;
    await this.#visible(id, call.principal);
    const fields = IMMUTABLE.filter((field) => call.body[field] !== undefined);
    if (fields.length > 0) return refusePrice('PRICE_IMMUTABLE', { fields });
    const { active, nickname, lookup_key, metadata } = call.body;
    const decide = (state: PriceState): readonly PriceEvent[] => {
      const merged =
        metadata === undefined || state.status === 'none' ? undefined : mergePatch(state.metadata, metadata);
      const changes = { active, nickname, lookup_key, metadata: merged };
      return decidePrice({ type: 'UpdatePrice', changes: defined(changes) }, state);
    };
    await this.store
      .handle(priceStream, id, decide, { metadata: call.metadata(), expectedVersion: call.if_match })
      .catch(lookupKeyTaken);
    return this.#read(id);
  }

  /** What a new price says: the body, its defaults, and those of the plan. */
  async #terms(body: Static<(typeof createPrice)['body']>, principal: Principal): Promise<PriceTerms> {
    const plan = await this.plans.find(body.plan_id);
    if (plan === undefined || !seesProduct(principal, plan.product_id)) return refusePrice('PLAN_NOT_FOUND');
    const { amount, currency, interval = null, interval_count = 1, tax_behavior = 'exclusive', usage = null } = body;
    return {
      product_id: plan.product_id,
      plan_id: plan.id,
      amount,
      currency,
      interval,
      interval_count,
      tax_behavior,
      trial_days: body.trial_days ?? (interval === null ? 0 : plan.trial_days),
      usage: usage && usageOf(usage),
      setup_amount: body.setup_amount ?? 0,
    };
  }

  async #visible(id: string, principal: Principal): Promise<void> {
    const { product_id } = await this.prices.find(id);
    if (!seesProduct(principal, product_id)) refusePrice('PRICE_NOT_FOUND');
  }

  async #read(id: string): Promise<Answer> {
    const row = await this.database.orm.getRepository(pricesTable).findOneBy({ id });
    return row === null ? refusePrice('PRICE_NOT_FOUND') : new Answer(200, view(row), { etag: etag(row.version) });
  }
}

type WantedUsage = NonNullable<Static<(typeof createPrice)['body']>['usage']>;

const usageOf = ({
  tiers = null,
  tiers_mode = 'graduated',
  package_size = null,
  ...usage
}: WantedUsage): UsagePricing => ({
  ...usage,
  tiers: tiers && tiers.map((tier) => ({ flat_amount: 0, ...tier })),
  tiers_mode,
  package_size,
});

const defined = <T extends object>(fields: T): { [Field in keyof T]?: Exclude<T[Field], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;

const lookupKeyTaken = (error: unknown): never => {
  if (error instanceof UniqueViolationError) return refusePrice('LOOKUP_KEY_TAKEN');
  throw error;
};

const view = ({ version: _version, amount, setup_amount, created_at, updated_at, ...row }: PriceRow): Price => ({
  ...row,
  amount: Number(amount),
  setup_amount: Number(setup_amount),
  created_at: created_at.toISOString(),
  updated_at: updated_at.toISOString(),
});

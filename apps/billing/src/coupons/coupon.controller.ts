import { Controller, Inject } from '@nestjs/common';
import { decideCoupon } from '#domain/billing/coupon/coupon.commands';
import { refuseCoupon } from '#domain/billing/coupon/coupon.errors';
import { codeKey, couponStream, type CouponTerms } from '#domain/billing/coupon/coupon';
import { newId } from '#domain/shared/id';
import { type EventStore, UniqueViolationError } from '#events/store';
import { systemWide } from '#platform/auth/principal';
import type { ServiceDatabase } from '#platform/database/database';
import { newestFirst } from '#platform/database/newest-first';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import { etag } from '#platform/http/preconditions';
import { DATABASE, EVENT_STORE } from '#platform/service';
import { type Coupon, createCoupon, listCoupons, readCoupon, updateCoupon } from './coupon.endpoints.ts';
import { type CouponRow, couponsTable } from './coupon.table.ts';

/** Coupons may be for plans of any product, so keys that are bound to one have no access. */
@Controller()
export class CouponController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
  ) {}

  @Endpoint(createCoupon)
  async create(call: Call<typeof createCoupon>): Promise<Answer> {
    systemWide(call.principal);
    const { percent_off = null, ...body } = call.body;
    const coupon: CouponTerms = { ...EMPTY, ...body, percent_off: percent_off === null ? null : String(percent_off) };
    const id = newId('cpn');
    const answer = (at: string | undefined): Answer =>
      new Answer(
        201,
        { id, ...coupon, redemptions: 0, created_at: at, updated_at: at },
        { location: `/api/v1/admin/coupons/${id}`, etag: etag(1) },
      );
    const { events } = await this.store
      .handle(couponStream, id, (state) => decideCoupon({ type: 'CreateCoupon', coupon }, state), {
        ...call.command((outcome) => answer(outcome.events[0]?.recorded_at)),
        expectedVersion: 0,
      })
      .catch(codeTaken);
    return answer(events[0]?.recorded_at);
  }

  @Endpoint(listCoupons)
  async page(call: Call<typeof listCoupons>): Promise<unknown> {
    systemWide(call.principal);
    const { limit = DEFAULT_LIMIT, cursor, active, code } = call.query;
    const [before] = decodeCursor(cursor, ['string']).map(String);
    const query = newestFirst(this.database.orm, couponsTable, before, limit + 1);
    if (active !== undefined) query.andWhere({ active });
    if (code !== undefined) {
      query.andWhere('id in (select coupon_id from coupon_codes where code = :code)', { code: codeKey(code) });
    }
    return pageOf(await query.getMany(), limit, ({ id }) => [id], view);
  }

  @Endpoint(readCoupon)
  async read(call: Call<typeof readCoupon>): Promise<Answer> {
    systemWide(call.principal);
    return this.#read(call.params.id);
  }

  @Endpoint(updateCoupon)
  async update(call: Call<typeof updateCoupon>): Promise<Answer> {
    systemWide(call.principal);
    const { id } = call.params;
    const command = { type: 'UpdateCoupon', changes: call.body } as const;
    await this.store
      .handle(couponStream, id, (state) => decideCoupon(command, state), {
        metadata: call.metadata(),
        expectedVersion: call.if_match,
      })
      .catch(codeTaken);
    return this.#read(id);
  }

  async #read(id: string): Promise<Answer> {
    const row = await this.database.orm.getRepository(couponsTable).findOneBy({ id });
    return row === null ? refuseCoupon('COUPON_NOT_FOUND') : new Answer(200, view(row), { etag: etag(row.version) });
  }
}

/** Fields that are left out. */
const EMPTY = {
  percent_off: null,
  amount_off: null,
  currency: null,
  months: null,
  plans: null,
  max_redemptions: null,
  max_per_customer: null,
  redeem_by: null,
  first_time_only: false,
  codes: [],
  active: true,
};

const codeTaken = (error: unknown): never => {
  if (error instanceof UniqueViolationError) return refuseCoupon('CODE_TAKEN');
  throw error;
};

const view = ({ version: _version, ...row }: CouponRow): Coupon => ({
  ...row,
  amount_off: row.amount_off === null ? null : Number(row.amount_off),
  plans: row.plans && [...row.plans],
  codes: [...row.codes],
  redeem_by: row.redeem_by?.toISOString() ?? null,
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
});

import { Controller, Inject } from '@nestjs/common';
import { MoreThan } from 'typeorm';
import { stringify } from 'csv-stringify/sync';
import {
  type BatchTerms,
  decideKeyBatch,
  type KeyBatch,
  type KeyBatchEvent,
  type KeyBatchState,
  keyBatchStream,
  refuseKeyBatch,
} from '#domain/licensing/key-batch/key-batch';
import { refuse } from '#domain/licensing/license/license.errors';
import { refusePlan } from '#domain/licensing/plan/plan';
import { refuseProduct } from '#domain/licensing/product/product';
import { idTime, newId } from '#domain/shared/id';
import type { EventStore, Outcome } from '#events/store';
import { type Principal, seesProduct } from '#platform/auth/principal';
import { CLOCK, type Clock } from '#platform/clock/clock';
import type { ServiceDatabase } from '#platform/database/database';
import { newestFirst } from '#platform/database/newest-first';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import { etag } from '#platform/http/preconditions';
import { DATABASE, EVENT_STORE } from '#platform/service';
import { Licenses } from '../licenses/licenses.ts';
import { Codes, type NewCode } from './codes.ts';
import * as contracts from './key-batch.endpoints.ts';
import { keyBatchCodesTable, keyBatchesTable } from './key-batch.table.ts';

type Batched = Outcome<KeyBatchState, KeyBatchEvent>;

/** Codes per append. It is limited because other commands wait behind each flush. */
const AT_ONCE = 500;

@Controller()
export class KeyBatchController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly licenses: Licenses,
    private readonly codes: Codes,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Endpoint(contracts.createKeyBatch)
  async create(call: Call<typeof contracts.createKeyBatch>): Promise<Answer> {
    const { name, count, redeem_until = null } = call.body;
    const { product_id, plan_id, key_format, key_prefix } = await this.#sold(call);
    const terms = { name, product_id, plan_id, key_format, key_prefix, redeem_until };
    const id = newId('batch');
    const now = this.clock.now().toISOString();
    const codes = Array.from({ length: count }, () => this.codes.create());
    for (let n = 0; n < count; n += AT_ONCE) {
      const code_hashes = codes.slice(n, n + AT_ONCE).map(({ hash }) => hash);
      await this.store.handle(keyBatchStream, id, (state) => decideKeyBatch({ type: 'AddCodes', code_hashes }, state), {
        metadata: call.metadata(),
      });
    }
    const shown = this.#shown(codes, terms);
    const answer = ({ state, version }: Batched): Answer =>
      call.query.format === 'csv'
        ? csv(id, shown)
        : new Answer(201, { ...view(id, state), codes: shown }, made(id, version));
    return answer(
      await this.store.handle(
        keyBatchStream,
        id,
        (state, _version, read) => {
          this.licenses.planAtCommit(read, plan_id);
          return decideKeyBatch({ type: 'CreateKeyBatch', batch_id: id, terms, now }, state);
        },
        { ...call.command(answer), reads: this.licenses.reads(plan_id) },
      ),
    );
  }

  @Endpoint(contracts.listKeyBatches)
  async page(call: Call<typeof contracts.listKeyBatches>): Promise<unknown> {
    const { limit = DEFAULT_LIMIT, cursor, product_id } = call.query;
    const [before] = decodeCursor(cursor, ['string']).map(String);
    const query = newestFirst(this.database.orm, keyBatchesTable, before, limit + 1);
    if (call.principal.product_id !== null) query.andWhere({ product_id: call.principal.product_id });
    if (product_id !== undefined) query.andWhere({ product_id });
    return pageOf(
      await query.getMany(),
      limit,
      ({ id }) => [id],
      ({ version: _version, redeem_until, ...row }) => ({
        ...row,
        redeem_until: redeem_until?.toISOString() ?? null,
        created_at: idTime(row.id),
      }),
    );
  }

  @Endpoint(contracts.readKeyBatch)
  async read(call: Call<typeof contracts.readKeyBatch>): Promise<Answer> {
    const { state, version } = await this.#find(call.params.id, call.principal);
    return new Answer(200, view(call.params.id, state), { etag: etag(version) });
  }

  @Endpoint(contracts.listCodes)
  async list(call: Call<typeof contracts.listCodes>): Promise<unknown> {
    const { id } = call.params;
    await this.#find(id, call.principal);
    const { limit = DEFAULT_LIMIT, cursor } = call.query;
    const [after = 0] = decodeCursor(cursor, ['number']);
    const rows = await this.database.orm.getRepository(keyBatchCodesTable).find({
      select: { number: true, license_id: true, redeemed_at: true },
      where: { batch_id: id, number: MoreThan(Number(after)) },
      order: { number: 'ASC' },
      take: limit + 1,
    });
    return pageOf(
      rows,
      limit,
      ({ number }) => [number],
      ({ number, license_id, redeemed_at }) => ({
        number,
        license_id,
        redeemed_at: redeemed_at?.toISOString() ?? null,
      }),
    );
  }

  @Endpoint(contracts.voidKeyBatch)
  async void(call: Call<typeof contracts.voidKeyBatch>): Promise<Answer> {
    const { id } = call.params;
    const { reason = null } = call.body;
    await this.#find(id, call.principal);
    const answer = ({ state, version }: Batched): Answer => new Answer(200, view(id, state), { etag: etag(version) });
    return answer(
      await this.store.handle(
        keyBatchStream,
        id,
        (state) => decideKeyBatch({ type: 'VoidKeyBatch', reason }, state),
        call.command(answer),
      ),
    );
  }

  /** The product and the plan of a batch. */
  async #sold({ body, principal }: Call<typeof contracts.createKeyBatch>) {
    const { product_id, plan_id } = body;
    if (!seesProduct(principal, product_id)) return refuseProduct('PRODUCT_NOT_FOUND');
    const { key_format, key_prefix } = await this.licenses.product(product_id);
    const plan = await this.licenses.plan(plan_id);
    if (plan.product_id !== product_id) return refusePlan('PLAN_NOT_FOUND');
    if (!plan.active) return refuse('PLAN_INACTIVE');
    return { product_id, plan_id, key_format, key_prefix };
  }

  #shown(codes: readonly NewCode[], terms: BatchTerms): ShownCode[] {
    return codes.map(({ text }, at) => ({
      number: at + 1,
      code: text,
      license_key: this.codes.licenseKey(text, terms) ?? null,
    }));
  }

  async #find(id: string, principal: Principal): Promise<{ readonly state: KeyBatch; readonly version: number }> {
    const { state, version } = await this.store.load(keyBatchStream, id);
    if (state.status === 'none' || !seesProduct(principal, state.product_id))
      return refuseKeyBatch('KEY_BATCH_NOT_FOUND');
    return { state, version };
  }
}

interface ShownCode {
  readonly number: number;
  readonly code: string;
  readonly license_key: string | null;
}

const view = (id: string, state: KeyBatchState) => {
  if (state.status === 'none') return refuseKeyBatch('KEY_BATCH_NOT_FOUND');
  const { product_id, plan_id, name, status, count, redeemed, redeem_until } = state;
  return { id, product_id, plan_id, name, status, count, redeemed, redeem_until, created_at: idTime(id) };
};

const made = (id: string, version: number) => ({ location: `/api/v1/admin/key-batches/${id}`, etag: etag(version) });

const csv = (id: string, codes: readonly ShownCode[]): Answer =>
  new Answer(201, stringify([...codes], { header: true, columns: ['number', 'code', 'license_key'] }), {
    location: `/api/v1/admin/key-batches/${id}`,
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': `attachment; filename="${id}.csv"`,
  });

import { Inject, Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { isFinalNumber } from '#domain/billing/metering/metered-slice';
import { afterFailure, type MeteringStatus } from '#domain/billing/metering/reporting';
import type { Time } from '#domain/shared/time';
import { inTransaction } from '#events/subscription/transaction';
import { type Principal, seesProduct } from '#platform/auth/principal';
import type { ServiceDatabase } from '#platform/database/database';
import { newestFirst } from '#platform/database/newest-first';
import { Problem } from '#platform/http/problem';
import { DATABASE } from '#platform/service';
import { UsageStore } from '../usage/usage-store.ts';
import { type MeteredDeltaRow, meteredDeltasTable } from './metered-delta.table.ts';

/** Longest error that is kept, in characters. */
const ERROR_LENGTH = 1_000;

/** Usage to report: what a meter gets in one minute. */
export interface UnreportedDelta extends MeteredDeltaRow {
  /** The value for the meter. */
  readonly quantity: string;
  /** Names the delta at the provider, so that a report that is repeated counts once. It derives from the usage. */
  readonly identifier: string;
}

/** Deltas of usage that are to be reported to meters of providers, and the results of the reports. */
@Injectable()
export class Metering {
  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly usage: UsageStore,
  ) {}

  /**
   * Deltas to report now, those that have waited longest first. From its first hand-out on a delta stays as it is: usage that
   * arrives later is in another delta. A delta is handed out again until it is marked, so one process at a time must report.
   */
  async unreported({ at, limit }: { readonly at: Time; readonly limit: number }): Promise<readonly UnreportedDelta[]> {
    return inTransaction(this.database.pool, async (tx) => {
      const { rows } = await tx.query<MeteredDeltaRow>({
        name: 'unreported_deltas',
        text: `select * from metered_deltas where next_attempt_at <= $1
          order by next_attempt_at, id limit $2 for update skip locked`,
        values: [at, limit],
      });
      return this.#taken(rows, at, tx);
    });
  }

  /** Records that a meter has the delta. The first report counts. @throws Problem METERED_DELTA_NOT_FOUND */
  async markReported(
    id: string,
    { external_id, at }: { readonly external_id: string | null; readonly at: Time },
  ): Promise<void> {
    await this.#change(id, async ({ status, attempts }, tx) => {
      if (status === 'synced') return;
      await tx.query(
        `update metered_deltas set status = 'synced', synced_at = $2, external_id = $3, attempts = $4, next_attempt_at = null
          where id = $1`,
        [id, at, external_id, attempts + 1],
      );
    });
  }

  /** Records a failed report: it is tried again later, or the delta is dead. @throws Problem METERED_DELTA_NOT_FOUND */
  async markFailed(id: string, { error, at }: { readonly error: string; readonly at: Time }): Promise<void> {
    await this.#change(id, async (delta, tx) => {
      if (delta.status === 'synced') return;
      const attempts = delta.attempts + 1;
      const { status, next_attempt_at } = afterFailure(attempts, at);
      await tx.query(
        `update metered_deltas set status = $2, attempts = $3, last_error = $4, next_attempt_at = $5 where id = $1`,
        [id, status, attempts, error.slice(0, ERROR_LENGTH), next_attempt_at],
      );
    });
  }

  /**
   * Has a failed or dead delta reported again now, with all its attempts. One that is pending stays as it is.
   * @param principal of the call; undefined = the service itself
   * @throws Problem METERED_DELTA_NOT_FOUND, METERED_DELTA_REPORTED
   */
  async retry(id: string, { at }: { readonly at: Time }, principal?: Principal): Promise<MeteredDeltaRow> {
    return this.#change(id, async (delta, tx) => {
      if (principal !== undefined && !seesProduct(principal, delta.product_id)) throw notFound();
      if (delta.status === 'pending') return delta;
      if (delta.status === 'synced')
        throw new Problem(409, 'METERED_DELTA_REPORTED', 'The meter has this usage already.');
      const { rows } = await tx.query<MeteredDeltaRow>(
        `update metered_deltas set status = 'pending', attempts = 0, next_attempt_at = $2 where id = $1 returning *`,
        [id, at],
      );
      return rows[0] ?? delta;
    });
  }

  /** Deltas, newest usage first, before an id. */
  list(
    { status, license_id }: { readonly status?: MeteringStatus; readonly license_id?: string },
    { product_id }: Pick<Principal, 'product_id'>,
    before: string | undefined,
    limit: number,
  ): Promise<readonly MeteredDeltaRow[]> {
    const query = newestFirst(this.database.orm, meteredDeltasTable, before, limit);
    if (product_id !== null) query.andWhere({ product_id });
    if (status !== undefined) query.andWhere({ status });
    if (license_id !== undefined) query.andWhere({ license_id });
    return query.getMany();
  }

  /** Counts final numbers that are handed out for the first time. */
  async #taken(rows: readonly MeteredDeltaRow[], at: Time, tx: PoolClient): Promise<readonly UnreportedDelta[]> {
    const deltas = await Promise.all(rows.map(async (row) => ({ ...row, quantity: await this.#quantityOf(row) })));
    const first = deltas.filter(({ taken_at }) => taken_at === null);
    if (first.length > 0)
      await tx.query({
        name: 'take_deltas',
        text: `update metered_deltas as d set taken_at = $3, quantity = taken.quantity
          from unnest($1::text[], $2::bigint[]) as taken(id, quantity) where d.id = taken.id`,
        values: [first.map(({ id }) => id), first.map(({ quantity }) => quantity), at],
      });
    return deltas.map((row) => ({ ...row, taken_at: row.taken_at ?? new Date(at), identifier: row.id }));
  }

  async #quantityOf(row: MeteredDeltaRow): Promise<string> {
    const { aggregation, taken_at, quantity, period_start, period_end } = row;
    if (quantity !== null && (taken_at !== null || !isFinalNumber(aggregation))) return quantity;
    if (period_end === null) throw new Error(`${row.id} is a final number of a period without an end`);
    const period = { start: period_start.toISOString(), end: period_end.toISOString() };
    const [value = '0'] = await this.usage.values(row, aggregation, [period]);
    return value;
  }

  #change<T>(id: string, change: (delta: MeteredDeltaRow, tx: PoolClient) => Promise<T>): Promise<T> {
    return inTransaction(this.database.pool, async (tx) => {
      const text = 'select * from metered_deltas where id = $1 for update';
      const { rows } = await tx.query<MeteredDeltaRow>({ name: 'metered_delta', text, values: [id] });
      if (rows[0] === undefined) throw notFound();
      return change(rows[0], tx);
    });
  }
}

const notFound = (): Problem => new Problem(404, 'METERED_DELTA_NOT_FOUND', 'There is no such delta of usage.');

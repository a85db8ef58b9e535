import { Inject, Injectable } from '@nestjs/common';
import { MoreThan } from 'typeorm';
import { refusePrice } from '#domain/billing/price/price.errors';
import { refuseSubscription } from '#domain/billing/subscription/subscription.errors';
import { LIVE_STATUSES } from '#domain/billing/subscription/subscription.statuses';
import { newId } from '#domain/shared/id';
import { inTransaction } from '#events/subscription/transaction';
import { type Principal, seesProduct } from '#platform/auth/principal';
import { wakeWork } from '#platform/background/wake-work';
import { CLOCK, type Clock } from '#platform/clock/clock';
import type { ServiceDatabase } from '#platform/database/database';
import { newestFirst } from '#platform/database/newest-first';
import { Problem } from '#platform/http/problem';
import { DATABASE } from '#platform/service';
import { Prices } from '../prices/prices.ts';
import { SHOWN_FAILURES } from './price-migration.endpoints.ts';
import {
  type MoveOutcome,
  type PriceMigrationRow,
  priceMigrationsTable,
  type PriceMoveRow,
  priceMovesTable,
} from './price-migration.table.ts';

/** Name of the work that moves the subscriptions. */
export const PRICE_MIGRATIONS = 'price-migrations';

export interface Wanted {
  readonly from: string;
  readonly to: string;
  readonly at: 'now' | 'period_end';
  readonly dry_run: boolean;
}

/** How far a migration has come. */
export interface MigrationProgress extends PriceMigrationRow {
  readonly total: number;
  readonly moved: number;
  readonly skipped: number;
  readonly failed: number;
  readonly failures: readonly { readonly subscription_id: string; readonly code: string }[];
}

/** Migrations of subscriptions from one price to another. */
@Injectable()
export class PriceMigrations {
  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly prices: Prices,
  ) {}

  /**
   * Notes the live subscriptions that have the price, and starts to move them.
   * @throws Refusal PRICE_NOT_FOUND, PRICE_INACTIVE, PRICE_NOT_RECURRING, PLAN_OF_ANOTHER_PRODUCT, CURRENCY_MISMATCH
   */
  async start({ from, to, at, dry_run }: Wanted, principal: Principal): Promise<MigrationProgress> {
    const { product_id } = await this.#checked(from, to, principal);
    const id = newId('mig');
    await inTransaction(this.database.pool, async (tx) => {
      await tx.query(
        `insert into price_migrations
           (id, product_id, from_price_id, to_price_id, at, dry_run, status, actor, created_at)
         values ($1, $2, $3, $4, $5, $6, 'running', $7, $8)`,
        [id, product_id, from, to, at, dry_run, principal.actor, this.clock.now()],
      );
      await tx.query(
        `insert into price_moves (migration_id, subscription_id)
         select $1, id from subscriptions where price_id = $2 and status = any($3)`,
        [id, from, LIVE_STATUSES],
      );
      await wakeWork(tx, 'billing', PRICE_MIGRATIONS);
    });
    return this.find(id, principal);
  }

  /** @throws Problem PRICE_MIGRATION_NOT_FOUND */
  async find(id: string, { product_id }: Principal): Promise<MigrationProgress> {
    const own = product_id === null ? {} : { product_id };
    const row = await this.database.orm.getRepository(priceMigrationsTable).findOneBy({ id, ...own });
    if (row === null) throw new Problem(404, 'PRICE_MIGRATION_NOT_FOUND', 'There is no such migration of prices.');
    return this.#progress(row);
  }

  async page(boundTo: string | null, before: string | undefined, limit: number): Promise<MigrationProgress[]> {
    const query = newestFirst(this.database.orm, priceMigrationsTable, before, limit);
    if (boundTo !== null) query.andWhere({ product_id: boundTo });
    return Promise.all((await query.getMany()).map((row) => this.#progress(row)));
  }

  /** The subscriptions of a migration, in the order of their ids. */
  moves(
    migration_id: string,
    { outcome, after, limit }: { readonly outcome?: MoveOutcome; readonly after: string; readonly limit: number },
  ): Promise<PriceMoveRow[]> {
    return this.database.orm.getRepository(priceMovesTable).find({
      where: { migration_id, subscription_id: MoreThan(after), ...(outcome === undefined ? {} : { outcome }) },
      order: { subscription_id: 'ASC' },
      take: limit,
    });
  }

  async #checked(from: string, to: string, principal: Principal): Promise<{ readonly product_id: string }> {
    const old = await this.prices.find(from);
    if (!seesProduct(principal, old.product_id)) return refusePrice('PRICE_NOT_FOUND');
    if (from === to) throw new Problem(400, 'SAME_PRICE', 'The subscriptions have this price already.');
    const next = await this.prices.find(to);
    if (!seesProduct(principal, next.product_id)) return refusePrice('PRICE_NOT_FOUND');
    if (!next.active) return refusePrice('PRICE_INACTIVE');
    if (next.product_id !== old.product_id) return refuseSubscription('PLAN_OF_ANOTHER_PRODUCT');
    if (next.currency !== old.currency) return refuseSubscription('CURRENCY_MISMATCH');
    if (next.interval === null || old.interval === null) return refuseSubscription('PRICE_NOT_RECURRING');
    return old;
  }

  async #progress(row: PriceMigrationRow): Promise<MigrationProgress> {
    const { rows } = await this.database.pool.query<{ outcome: MoveOutcome | null; count: number }>({
      name: 'price_migration_progress',
      text: 'select outcome, count(*)::int as count from price_moves where migration_id = $1 group by outcome',
      values: [row.id],
    });
    const of = (outcome: MoveOutcome): number => rows.find((one) => one.outcome === outcome)?.count ?? 0;
    const total = rows.reduce((sum, { count }) => sum + count, 0);
    const counts = { moved: of('moved'), skipped: of('skipped'), failed: of('failed') };
    const failures =
      counts.failed === 0 ? [] : await this.moves(row.id, { outcome: 'failed', after: '', limit: SHOWN_FAILURES });
    return {
      ...row,
      total,
      ...counts,
      failures: failures.map(({ subscription_id, code }) => ({ subscription_id, code: code ?? '' })),
    };
  }
}

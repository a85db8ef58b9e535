import { Inject, Injectable } from '@nestjs/common';
import { BackgroundWork, type Due, type DueQuery } from '#platform/background/background-work';
import { CLOCK, type Clock } from '#platform/clock/clock';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import type { PriceMigrationRow } from './price-migration.table.ts';
import { PRICE_MIGRATIONS } from './price-migrations.ts';
import { PriceMove, type PriceMoved } from './price-move.ts';

/** Subscriptions per step. After a crash, at most this many are looked at again. */
const STEP = 100;

/** Processes migrations of prices one after the other. A new leader continues where the previous leader stopped. */
@Injectable()
export class MoveSubscriptions extends BackgroundWork {
  readonly name = PRICE_MIGRATIONS;
  override readonly follows = 'real';
  override readonly atOnce = 1;

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly move: PriceMove,
  ) {
    super();
  }

  async due({ except, limit }: DueQuery): Promise<readonly Due[]> {
    const { rows } = await this.database.pool.query<Due>({
      name: 'next_price_migration',
      text: `select id from price_migrations where status = 'running' and id <> all($1) order by id limit $2`,
      values: [except, limit],
    });
    return rows;
  }

  /** One step of a migration. */
  async attend(id: string): Promise<boolean> {
    const { pool } = this.database;
    const { rows: jobs } = await pool.query<PriceMigrationRow>({
      name: 'running_price_migration',
      text: `select * from price_migrations where id = $1 and status = 'running'`,
      values: [id],
    });
    const [job] = jobs;
    if (job === undefined) return false;
    const { rows } = await pool.query<{ subscription_id: string }>({
      name: 'open_price_moves',
      text: `select subscription_id from price_moves where migration_id = $1 and outcome is null
        order by subscription_id limit $2`,
      values: [id, STEP],
    });
    if (rows.length === 0) {
      await pool.query(`update price_migrations set status = 'done', finished_at = $2 where id = $1`, [
        id,
        this.clock.now(),
      ]);
      return true;
    }
    // One that fails does not keep the others from being recorded; it is tried again with the next step.
    const results = await Promise.allSettled(rows.map((row) => this.move.run(job, row.subscription_id)));
    await this.#record(
      id,
      results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
    );
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return true;
  }

  async #record(id: string, moved: readonly PriceMoved[]): Promise<void> {
    const column = <Field extends keyof PriceMoved>(field: Field): PriceMoved[Field][] =>
      moved.map((one) => one[field]);
    await this.database.pool.query(
      `update price_moves set outcome = m.outcome, code = m.code, from_amount = m.from_amount, to_amount = m.to_amount,
         effective_at = m.effective_at
       from unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::timestamptz[])
         as m(subscription_id, outcome, code, from_amount, to_amount, effective_at)
       where migration_id = $1 and price_moves.subscription_id = m.subscription_id and price_moves.outcome is null`,
      [
        id,
        column('subscription_id'),
        column('outcome'),
        column('code'),
        column('from_amount'),
        column('to_amount'),
        column('effective_at'),
      ],
    );
  }
}

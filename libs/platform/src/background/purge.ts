import type { ServiceDatabase } from '../database/database.ts';
import { BackgroundWork, type Due, type DueQuery } from './background-work.ts';

/** The rows of a table that have become old. Names are SQL. */
export interface OldRows {
  readonly table: string;
  /** The column whose age counts. */
  readonly since: string;
  readonly kept_days: number;
  /** What else must hold of a row. */
  readonly only?: string;
  /** The statement without its condition: `delete from mails`. */
  readonly purge: string;
  /** Most rows of one statement. */
  readonly rows: number;
}

/** Deletes what is too old to be kept, once an hour, until nothing old is left. */
export abstract class Purge extends BackgroundWork {
  override readonly follows = 'real';
  override readonly everyMs = 3_600_000;
  /** Parameters: the days. */
  readonly #isOld: string;

  constructor(
    private readonly database: ServiceDatabase,
    private readonly old: OldRows,
  ) {
    super();
    const { since, only = 'true' } = old;
    this.#isOld = `${only} and ${since} < now() - make_interval(days => $1)`;
  }

  async due({ except, limit }: DueQuery): Promise<readonly Due[]> {
    const { table, since, kept_days } = this.old;
    const { rows } = await this.database.pool.query<Due>({
      name: `old_${table}`,
      text: `select $2::text as id, min(${since}) + make_interval(days => $1) as due_at from ${table}
        where ${this.#isOld} and $2 <> all($3) having count(*) > 0 limit $4`,
      values: [kept_days, table, except, limit],
    });
    return rows;
  }

  async attend(): Promise<boolean> {
    const { table, since, kept_days, purge, rows } = this.old;
    const { rowCount } = await this.database.pool.query({
      name: `purge_${table}`,
      text: `${purge} where id in (select id from ${table} where ${this.#isOld} order by ${since} limit $2)`,
      values: [kept_days, rows],
    });
    return rowCount === rows;
  }
}

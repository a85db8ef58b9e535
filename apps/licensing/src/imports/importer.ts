import { Inject, Injectable } from '@nestjs/common';
import { inTransaction } from '#events/subscription/transaction';
import { BackgroundWork, type Due, type DueQuery } from '#platform/background/background-work';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE } from '#platform/service';
import type { ImportRow } from './import.table.ts';
import { ImportLine, type LineOutcome } from './line.ts';

/** Lines per step. After a crash, at most this many lines are read again. */
const STEP = 500;

interface StoredLine {
  readonly n: number;
  readonly line: number;
  readonly record: unknown;
  readonly fault: string | null;
}

/** Processes imports one after the other. A new leader continues where the previous leader stopped. */
@Injectable()
export class Importer extends BackgroundWork {
  readonly name = 'imports';
  override readonly follows = 'real';
  override readonly everyMs = 500;
  override readonly atOnce = 1;

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    private readonly lines: ImportLine,
  ) {
    super();
  }

  async due({ except, limit }: DueQuery): Promise<readonly Due[]> {
    const { rows } = await this.database.pool.query<Due>({
      name: 'next_import',
      text: `select id, created_at as due_at from imports where status = 'running' and id <> all($1) order by id limit $2`,
      values: [except, limit],
    });
    return rows;
  }

  /** One step of an import. */
  async attend(id: string): Promise<void> {
    const { rows } = await this.database.pool.query<ImportRow>({
      name: 'running_import',
      text: `select * from imports where id = $1 and status = 'running'`,
      values: [id],
    });
    const [job] = rows;
    if (job !== undefined) await this.#step(job);
  }

  async #step(job: ImportRow): Promise<void> {
    const { rows } = await this.database.pool.query<StoredLine>({
      name: 'import_lines',
      text: 'select n, line, record, fault from import_lines where import_id = $1 and n > $2 order by n limit $3',
      values: [job.id, job.done, STEP],
    });
    const outcomes = await Promise.all(
      rows.map(async ({ record, fault, line }) => ({ line, ...(await this.#outcome(job, record, fault)) })),
    );
    const count = (outcome: LineOutcome['outcome']): number => outcomes.filter((one) => one.outcome === outcome).length;
    const refused = outcomes.filter((one) => one.outcome === 'refused');
    await inTransaction(this.database.pool, async (tx) => {
      // Updates only if the import is still at the start of this step, so that a leader that lost its lock counts nothing twice.
      const { rowCount } = await tx.query(
        `update imports set done = done + $3, issued = issued + $4, unchanged = unchanged + $5, refused = refused + $6,
           status = case when done + $3 >= lines then 'finished' else status end,
           finished_at = case when done + $3 >= lines then now() end
         where id = $1 and done = $2 and status = 'running'`,
        [job.id, job.done, outcomes.length, count('issued'), count('unchanged'), refused.length],
      );
      if (rowCount === 0) return;
      await tx.query(
        `insert into import_refusals (import_id, line, external_id, reason)
         select $1, * from unnest($2::int[], $3::text[], $4::text[]) on conflict do nothing`,
        [
          job.id,
          refused.map(({ line }) => line),
          refused.map(({ external_id }) => external_id),
          refused.map(({ reason }) => reason),
        ],
      );
      await tx.query('delete from import_lines where import_id = $1 and n <= $2', [job.id, rows.at(-1)?.n ?? 0]);
    });
  }

  #outcome(job: ImportRow, record: unknown, fault: string | null): Promise<LineOutcome> | LineOutcome {
    if (fault === null) return this.lines.run(job, record);
    return { outcome: 'refused', external_id: null, reason: fault };
  }
}

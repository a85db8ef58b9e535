import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { type Leadership, pause, runAsLeader } from '#events/leader';
import { inTransaction } from '#events/subscription/transaction';
import type { ServiceDatabase } from '#platform/database/database';
import { DATABASE, LOGGER } from '#platform/service';
import type { Logger } from '#platform/telemetry/logger';
import type { ImportRow } from './import.table.ts';
import { ImportLine, type LineOutcome } from './line.ts';

/** Lines between two notes of how far an import is. After a crash at most so many are gone through once more. */
const STEP = 500;
const LOOK_MS = 500;

interface StoredLine {
  readonly n: number;
  readonly line: number;
  readonly record: unknown;
  readonly fault: string | null;
}

/** Goes through what has been sent, one import after the other, in one instance. A new leader goes on where the last one ended. */
@Injectable()
export class Importer implements OnApplicationBootstrap, OnModuleDestroy {
  #leadership: Leadership | undefined;

  constructor(
    @Inject(DATABASE) private readonly database: ServiceDatabase,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly lines: ImportLine,
  ) {}

  onApplicationBootstrap(): void {
    this.#leadership = runAsLeader(
      this.database.pool,
      'keyledger:licensing:imports',
      (signal) => this.#run(signal),
      (error) => this.logger.warn({ err: error }, 'an import could not go on; it is tried again'),
    );
  }

  async onModuleDestroy(): Promise<void> {
    await this.#leadership?.stop();
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { rows } = await this.database.pool.query<ImportRow>({
        name: 'next_import',
        text: `select * from imports where status = 'running' order by id limit 1`,
      });
      if (rows[0] === undefined) await pause(LOOK_MS, signal);
      else await this.#step(rows[0]);
    }
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
      // Only from where it began: a leader that was cut off counts nothing twice.
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

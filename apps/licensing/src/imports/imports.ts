import { Transform, type Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { newId } from '#domain/shared/id';
import type { Principal } from '#platform/auth/principal';
import type { ServiceDatabase } from '#platform/database/database';
import { Problem } from '#platform/http/problem';
import { DATABASE } from '#platform/service';
import { LARGEST_IMPORT } from './import.endpoints.ts';
import type { ImportRow } from './import.table.ts';
import { csvLines, type Line, ndjsonLines } from './records.ts';

/** Lines that are written at once. */
const BATCH = 1_000;

/** Files of licences: kept whole before the first licence is made of them, so that what was accepted is not lost by a crash. */
@Injectable()
export class Imports {
  constructor(@Inject(DATABASE) private readonly database: ServiceDatabase) {}

  /** Keeps a file and lets its import begin. A file that does not arrive whole leaves nothing behind. */
  async receive(file: Readable, media: string, { actor, product_id }: Principal): Promise<ImportRow> {
    const id = newId('imp');
    await this.database.pool.query(
      `insert into imports (id, product_id, actor, status) values ($1, $2, $3, 'receiving')`,
      [id, product_id, actor],
    );
    try {
      const bounded = limited(file);
      const lines = await this.#keep(id, media.startsWith('text/csv') ? csvLines(bounded) : ndjsonLines(bounded));
      const { rows } = await this.database.pool.query<ImportRow>(
        `update imports set lines = $2, status = case when $2 = 0 then 'finished' else 'running' end,
           finished_at = case when $2 = 0 then now() end where id = $1 returning *`,
        [id, lines],
      );
      if (rows[0] === undefined) throw new Error(`import ${id} is gone`);
      return rows[0];
    } catch (error) {
      await this.database.pool.query('delete from imports where id = $1', [id]);
      throw error;
    }
  }

  async find(id: string, boundTo: string | null): Promise<ImportRow> {
    const { rows } = await this.database.pool.query<ImportRow>(
      'select * from imports where id = $1 and ($2::text is null or product_id = $2)',
      [id, boundTo],
    );
    if (rows[0] === undefined) throw new Problem(404, 'IMPORT_NOT_FOUND', 'There is no such import.');
    return rows[0];
  }

  async page(boundTo: string | null, before: string | undefined, limit: number): Promise<ImportRow[]> {
    const { rows } = await this.database.pool.query<ImportRow>(
      `select * from imports where ($1::text is null or product_id = $1) and ($2::text is null or id < $2)
       order by id desc limit $3`,
      [boundTo, before, limit],
    );
    return rows;
  }

  async refusals(
    id: string,
    after: number,
    limit: number,
  ): Promise<{ line: number; external_id: string | null; reason: string }[]> {
    const { rows } = await this.database.pool.query<{ line: number; external_id: string | null; reason: string }>(
      'select line, external_id, reason from import_refusals where import_id = $1 and line > $2 order by line limit $3',
      [id, after, limit],
    );
    return rows;
  }

  async #keep(id: string, lines: AsyncIterable<Line>): Promise<number> {
    let kept = 0;
    let batch: Line[] = [];
    const write = async (): Promise<void> => {
      await this.database.pool.query(
        `insert into import_lines (import_id, n, line, record, fault)
         select $1, $2::int + n, line, record::jsonb, fault
         from unnest($3::int[], $4::text[], $5::text[]) with ordinality as l(line, record, fault, n)`,
        [
          id,
          kept,
          batch.map(({ line }) => line),
          batch.map((line) => ('record' in line ? JSON.stringify(line.record) : null)),
          batch.map((line) => ('fault' in line ? line.fault : null)),
        ],
      );
      kept += batch.length;
      batch = [];
    };
    for await (const line of lines) {
      batch.push(line);
      if (batch.length === BATCH) await write();
    }
    if (batch.length > 0) await write();
    return kept;
  }
}

const limited = (file: Readable): Readable => {
  let bytes = 0;
  const counted = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      bytes += chunk.length;
      if (bytes > LARGEST_IMPORT)
        done(new Problem(413, 'BODY_TOO_LARGE', `A file may have at most ${LARGEST_IMPORT / 1_048_576} MiB.`));
      else done(null, chunk);
    },
  });
  file.once('error', (error) => counted.destroy(error));
  return file.pipe(counted);
};

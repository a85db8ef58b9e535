import type { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { MoreThan } from 'typeorm';
import { newId } from '#domain/shared/id';
import type { Principal } from '#platform/auth/principal';
import type { ServiceDatabase } from '#platform/database/database';
import { newestFirst } from '#platform/database/newest-first';
import { Problem } from '#platform/http/problem';
import { DATABASE } from '#platform/service';
import { type ImportRefusalRow, type ImportRow, importRefusalsTable, importsTable } from './import.table.ts';
import { recordsOf } from './import-file.ts';
import type { ImportRecord } from './import-record.ts';

/** Maximum number of records per write, and the number of JSON characters after which no further record is added. */
const BATCH = 1_000;
const BATCH_LENGTH = 4_194_304;

/**
 * Imports of license files. A file is stored completely before its first license is issued, so a crash loses no accepted data.
 */
@Injectable()
export class Imports {
  constructor(@Inject(DATABASE) private readonly database: ServiceDatabase) {}

  /**
   * Stores a file and starts its import. If the file is refused or does not arrive completely, nothing is stored.
   * @param media its content type, with the charset
   */
  async receive(file: Readable, media: string, { actor, product_id }: Principal): Promise<ImportRow> {
    const id = newId('imp');
    await this.database.pool.query(
      `insert into imports (id, product_id, actor, status) values ($1, $2, $3, 'receiving')`,
      [id, product_id, actor],
    );
    try {
      // Does not destroy the request if its file is refused: that would close the connection before the answer.
      const lines = await this.#store(id, recordsOf(file.iterator({ destroyOnReturn: false }), media));
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
    const own = boundTo === null ? {} : { product_id: boundTo };
    const row = await this.database.orm.getRepository(importsTable).findOneBy({ id, ...own });
    if (row === null) throw new Problem(404, 'IMPORT_NOT_FOUND', 'There is no such import.');
    return row;
  }

  async page(boundTo: string | null, before: string | undefined, limit: number): Promise<ImportRow[]> {
    const query = newestFirst(this.database.orm, importsTable, before, limit);
    if (boundTo !== null) query.andWhere({ product_id: boundTo });
    return query.getMany();
  }

  refusals(id: string, after: number, limit: number): Promise<Omit<ImportRefusalRow, 'import_id'>[]> {
    return this.database.orm.getRepository(importRefusalsTable).find({
      select: { line: true, external_id: true, reason: true },
      where: { import_id: id, line: MoreThan(after) },
      order: { line: 'ASC' },
      take: limit,
    });
  }

  /** @returns the number of records */
  async #store(id: string, records: AsyncIterable<ImportRecord>): Promise<number> {
    let stored = 0;
    let length = 0;
    let batch: { readonly line: number; readonly json: string | null; readonly fault: string | null }[] = [];
    const write = async (): Promise<void> => {
      await this.database.pool.query(
        `insert into import_lines (import_id, n, line, record, fault)
         select $1, $2::int + n, line, record::jsonb, fault
         from unnest($3::int[], $4::text[], $5::text[]) with ordinality as l(line, record, fault, n)`,
        [id, stored, batch.map(({ line }) => line), batch.map(({ json }) => json), batch.map(({ fault }) => fault)],
      );
      stored += batch.length;
      [batch, length] = [[], 0];
    };
    for await (const record of records) {
      const json = 'record' in record ? JSON.stringify(record.record) : null;
      batch.push({ line: record.line, json, fault: 'fault' in record ? record.fault : null });
      length += json?.length ?? 0;
      if (batch.length >= BATCH || length >= BATCH_LENGTH) await write();
    }
    if (batch.length > 0) await write();
    return stored;
  }
}

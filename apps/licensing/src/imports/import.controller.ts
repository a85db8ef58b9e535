import { Controller } from '@nestjs/common';
import { Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { decodeCursor, DEFAULT_LIMIT, pageOf } from '#platform/http/pagination';
import { csvStream, pages } from '#platform/export/streams';
import { importLicenses, listImports, readImport, reportImport } from './import.endpoints.ts';
import type { ImportRow } from './import.table.ts';
import { Imports } from './imports.ts';

@Controller()
export class ImportController {
  constructor(private readonly imports: Imports) {}

  @Endpoint(importLicenses)
  async receive(call: Call<typeof importLicenses>): Promise<Answer> {
    const job = await this.imports.receive(call.upload, call.header('content-type') ?? '', call.principal);
    return new Answer(202, view(job), { location: `/api/v1/admin/imports/${job.id}` });
  }

  @Endpoint(listImports)
  async list({ query, principal }: Call<typeof listImports>): Promise<unknown> {
    const { limit = DEFAULT_LIMIT, cursor } = query;
    const [before] = decodeCursor(cursor, ['string']).map(String);
    const rows = await this.imports.page(principal.product_id, before, limit + 1);
    return pageOf(rows, limit, ({ id }) => [id], view);
  }

  @Endpoint(readImport)
  async read({ params, principal }: Call<typeof readImport>): Promise<unknown> {
    return view(await this.imports.find(params.id, principal.product_id));
  }

  @Endpoint(reportImport)
  async report({ params, principal }: Call<typeof reportImport>): Promise<Answer> {
    const { id } = await this.imports.find(params.id, principal.product_id);
    const refusals = pages<{ line: number; external_id: string | null; reason: string }>((last, limit) =>
      this.imports.refusals(id, last?.line ?? 0, limit),
    );
    return new Answer(200, csvStream(['line', 'external_id', 'reason'], refusals), {
      'content-type': 'text/csv; charset=utf-8',
    });
  }
}

const view = ({ product_id: _product, actor: _actor, created_at, finished_at, ...row }: ImportRow) => ({
  ...row,
  created_at: created_at.toISOString(),
  finished_at: finished_at?.toISOString() ?? null,
});

import { Controller } from '@nestjs/common';
import { type Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { fileAnswer } from '#platform/export/streams';
import { exportUsage } from './usage-export.endpoints.ts';
import { UsageRecord } from './usage-record.endpoints.ts';
import { type RecordFilter, UsageRecords, viewRecord } from './usage-records.ts';

@Controller()
export class UsageExportController {
  constructor(private readonly records: UsageRecords) {}

  @Endpoint(exportUsage)
  export({ query, principal }: Call<typeof exportUsage>): Answer {
    const { format, ...filter } = query;
    return fileAnswer('usage', format, Object.keys(UsageRecord.properties), this.#rows(filter, principal.product_id));
  }

  /** @param boundTo the one product that the caller may see; null = all */
  async *#rows(filter: RecordFilter, boundTo: string | null): AsyncIterable<object> {
    if (boundTo !== null && (filter.product_id ?? boundTo) !== boundTo) return;
    const seen = boundTo === null ? filter : { ...filter, product_id: boundTo };
    for await (const recorded of this.records.all(seen)) yield viewRecord(recorded);
  }
}

import { Controller } from '@nestjs/common';
import { type Answer, type Call, Endpoint } from '#platform/http/endpoint';
import { fileAnswer } from '#platform/export/streams';
import { assertRange } from '../time-range.ts';
import { exportJournal } from './journal.endpoints.ts';
import { JOURNAL_AMOUNTS, JOURNAL_COLUMNS } from './journal.rows.ts';
import { Journal } from './journal.ts';

@Controller()
export class JournalController {
  constructor(private readonly journal: Journal) {}

  @Endpoint(exportJournal)
  export({ query, principal }: Call<typeof exportJournal>): Answer {
    assertRange(query);
    const { format = 'csv', from, to } = query;
    // The books are those of all products.
    const rows = principal.product_id === null ? this.journal.rows(from, to) : nothing();
    return fileAnswer('journal', format, JOURNAL_COLUMNS, rows, JOURNAL_AMOUNTS);
  }
}

async function* nothing(): AsyncIterable<object> {
  // No rows.
}

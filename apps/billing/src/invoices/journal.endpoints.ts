import Type from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { StrictObject, Timestamp } from '#platform/http/schemas';

export const exportJournal = endpoint({
  method: 'GET',
  path: '/admin/journal',
  operation: 'exportJournal',
  tag: 'Invoices',
  summary: 'All invoices and credit notes as a file for the books: a row for each line, with its tax',
  auth: 'admin',
  query: StrictObject({
    from: Type.Unsafe<string>({ ...Timestamp, description: 'Issued at this time or later.' }),
    to: Type.Unsafe<string>({ ...Timestamp, description: 'Issued before this time.' }),
    format: Type.Optional(Type.Enum(['csv', 'ndjson'], { description: '`csv` if it is left out.' })),
  }),
  answers: {
    200: {
      description:
        'Rows in the order of issue. Amounts are major units of the currency; those of credit notes are negative.',
      schema: Type.String(),
      media: 'application/x-ndjson',
      files: ['text/csv'],
    },
  },
  problems: [],
});

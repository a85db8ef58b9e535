import Type from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import { Id, Nullable, Page, PageQuery, StrictObject, Timestamp } from '#platform/http/schemas';

const TAG = 'Imports';

const Import = StrictObject(
  {
    id: Id('imp'),
    status: Type.Enum(['receiving', 'running', 'finished']),
    lines: Type.Integer({ description: 'Licenses in the file.' }),
    done: Type.Integer({ description: 'How many of them are processed.' }),
    issued: Type.Integer(),
    unchanged: Type.Integer({ description: 'Licenses that exist already.' }),
    refused: Type.Integer({ description: 'Lines that no license was issued for; the report gives the reasons.' }),
    created_at: Timestamp,
    finished_at: Nullable(Timestamp),
  },
  { $id: 'Import' },
);

/** Largest file, in bytes. */
export const LARGEST_IMPORT = 256 * 1_048_576;

const params = StrictObject({ id: Id('imp') });
const NOT_FOUND = { status: 404, code: 'IMPORT_NOT_FOUND' };

export const importLicenses = endpoint({
  method: 'POST',
  path: '/admin/imports',
  operation: 'importLicenses',
  tag: TAG,
  summary: 'Import licenses from a file: idempotent by external_id, in the background',
  auth: 'admin',
  upload: ['text/csv', 'application/x-ndjson'],
  upload_limit: LARGEST_IMPORT,
  answers: { 202: { description: 'The import, which continues in the background.', schema: Import } },
  problems: [
    { status: 400, code: 'UNREADABLE_FILE' },
    { status: 400, code: 'INVALID_HEADING' },
  ],
});

export const listImports = endpoint({
  method: 'GET',
  path: '/admin/imports',
  operation: 'listImports',
  tag: TAG,
  summary: 'List imports, newest first',
  auth: 'admin',
  query: PageQuery({}),
  answers: { 200: { description: 'A page of imports.', schema: Page(Import) } },
  problems: [],
});

export const readImport = endpoint({
  method: 'GET',
  path: '/admin/imports/:id',
  operation: 'readImport',
  tag: TAG,
  summary: 'Read the progress of an import',
  auth: 'admin',
  params,
  answers: { 200: { description: 'The import.', schema: Import } },
  problems: [NOT_FOUND],
});

export const reportImport = endpoint({
  method: 'GET',
  path: '/admin/imports/:id/report',
  operation: 'reportImport',
  tag: TAG,
  summary: 'List the refused lines of an import with their reasons',
  auth: 'admin',
  params,
  answers: {
    200: { description: 'line, external_id, reason.', schema: Type.String(), media: 'text/csv; charset=utf-8' },
  },
  problems: [NOT_FOUND],
});

import Type from 'typebox';
import { endpoint } from '#platform/http/endpoint';
import {
  Email,
  Id,
  Identifier,
  Metadata,
  Nullable,
  Page,
  PageQuery,
  StrictObject,
  Text,
  Timestamp,
} from '#platform/http/schemas';
import { issueLicense } from '../licenses/license.endpoints.ts';

const TAG = 'Imports';

const Import = StrictObject(
  {
    id: Id('imp'),
    status: Type.Enum(['receiving', 'running', 'finished']),
    lines: Type.Integer({ description: 'Licenses in the file.' }),
    done: Type.Integer({ description: 'Licenses processed so far.' }),
    issued: Type.Integer(),
    unchanged: Type.Integer({ description: 'Licenses that an earlier import has issued.' }),
    refused: Type.Integer({ description: 'Lines without a license; the report has the reasons.' }),
    created_at: Timestamp,
    finished_at: Nullable(Timestamp),
  },
  { $id: 'Import' },
);

const IMPORTED_STATUSES = ['active', 'suspended', 'revoked', 'canceled'] as const;

/** A line of an import: the fields of a new license, and its present status and activations. */
export const ImportedLicense = StrictObject({
  ...issueLicense.body.properties,
  email: Email,
  external_id: Text(255, { min: 1 }),
  license_key: Type.Optional(Type.String({ ...Text(1024, { min: 8 }), normalize: (text: string) => text.trim() })),
  status: Type.Optional(Type.Enum([...IMPORTED_STATUSES])),
  activations: Type.Optional(Type.Array(Identifier, { maxItems: 1_000 })),
  metadata: Type.Optional(Metadata),
});

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
  problems: [],
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
  summary: 'The refused lines of an import, each with its reason',
  auth: 'admin',
  params,
  answers: {
    200: { description: 'line, external_id, reason.', schema: Type.String(), media: 'text/csv; charset=utf-8' },
  },
  problems: [NOT_FOUND],
});

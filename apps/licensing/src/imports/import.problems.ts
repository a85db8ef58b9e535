import type { ServiceProblems } from '#platform/service';

/** Refusals of the import routes. */
export const importProblems: ServiceProblems = {
  UNREADABLE_FILE: {
    status: 400,
    message: 'The file is not valid in its encoding or format. Nothing of it was imported.',
    remedy:
      'Correct the line that `detail` names, or declare the charset: `Content-Type: text/csv; charset=windows-1252`.',
  },
  INVALID_HEADING: {
    status: 400,
    message: 'The first line of the file does not name the fields that are needed. Nothing of the file was imported.',
    remedy: 'Rename the columns that `detail` names, or remove them.',
  },
  IMPORT_NOT_FOUND: {
    status: 404,
    message: 'There is no such import.',
    remedy: 'List the imports with `GET /api/v1/admin/imports`.',
  },
};

import type { ServiceProblems } from '#platform/service';

/** What the routes of imports refuse. */
export const importProblems: ServiceProblems = {
  IMPORT_NOT_FOUND: {
    status: 404,
    message: 'There is no such import.',
    remedy: 'List the imports with `GET /api/v1/admin/imports`.',
  },
};

import { UniqueViolationError } from '#events/store';

/**
 * Turns a unique violation into the refusal `SLUG_TAKEN` and throws any other error again. Only the unique index can detect a
 * taken slug, at commit.
 */
export const slugTaken =
  (refuse: (code: 'SLUG_TAKEN') => never) =>
  (error: unknown): never => {
    if (error instanceof UniqueViolationError) return refuse('SLUG_TAKEN');
    throw error;
  };

import { UniqueViolationError } from '#events/store';

/** What went wrong, as a refusal where it was that another has the slug: only the unique index can tell, at the commit. */
export const slugTaken =
  (refuse: (code: 'SLUG_TAKEN') => never) =>
  (error: unknown): never => {
    if (error instanceof UniqueViolationError) return refuse('SLUG_TAKEN');
    throw error;
  };

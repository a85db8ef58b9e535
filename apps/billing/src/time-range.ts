import { Problem } from '#platform/http/problem';

/**
 * Refuses a query whose `to` is before its `from`: an empty answer would hide the mistake.
 * @throws Problem 400
 */
export const assertRange = ({
  from,
  to,
}: {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}): void => {
  if (from === undefined || to === undefined || from <= to) return;
  throw new Problem(400, 'VALIDATION_FAILED', '?to must not be before from.', {
    errors: [{ pointer: '?to', detail: 'must not be before from' }],
  });
};

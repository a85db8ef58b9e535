import { Problem } from './problem.ts';

export const DEFAULT_LIMIT = 50;

/** An opaque cursor that holds the sort key of the last row of a page. */
export const encodeCursor = (key: readonly (string | number)[]): string =>
  Buffer.from(JSON.stringify(key)).toString('base64url');

/**
 * @param shape the types of the sort key, in order
 * @returns the sort key after which the page begins; empty without a cursor, for the first page
 * @throws Problem 400 `INVALID_CURSOR` for anything that `encodeCursor` did not make for such a list
 */
export const decodeCursor = (
  cursor: string | undefined,
  shape: readonly ('string' | 'number')[],
): (string | number)[] => {
  if (cursor === undefined) return [];
  const bad = new Problem(400, 'INVALID_CURSOR', 'The cursor does not come from this list.', {
    errors: [{ pointer: '?cursor', detail: 'is not a cursor of this list' }],
  });
  if (!/^[\w-]+$/.test(cursor)) throw bad;
  let key: unknown;
  try {
    key = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    throw bad;
  }
  const fits =
    Array.isArray(key) &&
    key.length === shape.length &&
    key.every(
      (part, n) =>
        typeof part === shape[n] && (typeof part !== 'string' || (part.isWellFormed() && !part.includes('\0'))),
    ) &&
    key.every((part) => typeof part !== 'number' || Number.isSafeInteger(part));
  if (!fits) throw bad;
  return key as (string | number)[];
};

/**
 * Makes a page of rows that were read with `limit + 1`.
 * @param keyOf the sort key of a row, for the cursor of the next page
 */
export const pageOf = <Row, Item>(
  rows: readonly Row[],
  limit: number,
  keyOf: (row: Row) => readonly (string | number)[],
  view: (row: Row) => Item,
): { data: Item[]; next_cursor: string | null } => {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    data: page.map(view),
    next_cursor: rows.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null,
  };
};

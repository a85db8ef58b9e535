import { Problem } from '#platform/http/problem';

/** The position up to which each service's log has been read. A service that is missing has not been read at all. */
export type Positions = ReadonlyMap<string, number>;

/** The start position without a cursor. */
export const BEGINNING: Positions = new Map();

/** Maximum length of a cursor. */
export const LONGEST_CURSOR = 1_000;

/** Opaque to clients. It also contains services that are unavailable at the moment, so that no position is lost. */
export const encodePositions = (positions: Positions): string =>
  Buffer.from(
    [...positions]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([service, position]) => `${service}:${position}`)
      .join(','),
  ).toString('base64url');

/** @throws Problem 400 `INVALID_CURSOR` for anything that `encodePositions` did not make */
export const decodePositions = (cursor: string): Positions => {
  const text =
    cursor.length <= LONGEST_CURSOR && /^[\w-]+$/.test(cursor) ? Buffer.from(cursor, 'base64url').toString() : '';
  const positions = new Map<string, number>();
  for (const part of text.split(',')) {
    const [, service = '', position = ''] = /^([a-z]{1,20}):(\d{1,15})$/.exec(part) ?? [];
    if (service === '' || positions.has(service)) throw invalidCursor('is not a cursor of this feed');
    positions.set(service, Number(position));
  }
  return positions;
};

export const invalidCursor = (detail: string): Problem =>
  new Problem(400, 'INVALID_CURSOR', 'The cursor is not one that this feed gave out.', {
    errors: [{ pointer: '?after', detail }],
  });

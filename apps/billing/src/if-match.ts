import { StaleVersionError } from '#events/store';

/**
 * `If-Match` of calls that write several streams, or that write others before their own.
 * @param version the present version of the stream
 * @throws StaleVersionError
 */
export const assertMatches = (streamId: string, if_match: readonly number[] | undefined, version: number): void => {
  if (if_match !== undefined && !if_match.includes(version)) throw new StaleVersionError(streamId, if_match, version);
};

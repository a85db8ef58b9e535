import { Problem } from './problem.ts';

/**
 * The `ETag` of a resource: `"3"` for version 3 of its stream.
 * @param beside names what the answer shows beyond the stream's state, in letters and digits: `"3-c0ffee"`. `If-None-Match`
 *   compares the whole tag, `If-Match` the version alone.
 */
export const etag = (version: number, beside?: string): string =>
  beside === undefined ? `"${version}"` : `"${version}-${beside}"`;

/**
 * The versions that `If-Match` names; undefined = any (no header, or `*`). An empty list matches no version: none of the tags
 * is one of ours.
 *
 * A weak tag (`W/"3"`) counts as the version that it names, where RFC 9110 §13.1.1 would have it never match. Proxies that
 * compress answers weaken our tags, and their clients could change nothing at all. The version alone decides whether an
 * update is lost, so nothing is lost by it.
 * @throws Problem 400 when the header is not a list of entity tags
 */
export const parseIfMatch = (header: string | undefined): readonly number[] | undefined => {
  if (header === undefined) return undefined;
  const tags = parseTags('If-Match', header);
  return tags === '*' ? undefined : tags.flatMap((tag) => VERSION.exec(tag)?.[1] ?? []).map(Number);
};

/**
 * Whether `If-None-Match` names the tag of an answer, so that the caller has it already (RFC 9110 §13.1.2: weak comparison).
 * @throws Problem 400 when the header is not a list of entity tags
 */
export const isKnown = (header: string, tag: string): boolean => {
  const tags = parseTags('If-None-Match', header);
  return tags === '*' || tags.some((opaque) => `"${opaque}"` === tag);
};

const VERSION = /^([1-9]\d{0,14})(?:-[0-9A-Za-z]+)?$/;

/** One element of a list of entity tags with the comma behind it; a list may have empty elements (RFC 9110 §5.6.1.2). */
const ELEMENT = /(?:[ \t]*(?:W\/)?"([^"]*)")?[ \t]*(?:,|$)/gy;

/** The tags without quotes and without the mark of weak ones. */
const parseTags = (name: string, header: string): '*' | readonly string[] => {
  if (header.trim() === '*') return '*';
  const elements = [...header.matchAll(ELEMENT)];
  const tags = elements.flatMap(([, tag]) => tag ?? []);
  const read = elements.reduce((length, [text]) => length + text.length, 0);
  if (tags.length > 0 && read === header.length) return tags;
  throw new Problem(400, 'VALIDATION_FAILED', `${name} must be "*" or a list of ETags, such as "3".`, {
    errors: [{ pointer: name, detail: 'must be * or a list of entity tags, such as "3"' }],
  });
};

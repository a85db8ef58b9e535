import { jsonFault } from '#platform/http/body';
import { Problem } from '#platform/http/problem';

/** A record of a file: its content, or the reason why it cannot be read. `line` is its first line, counted from 1. */
export type ImportRecord = { readonly line: number } & Content;

export type Content = { readonly record: unknown } | { readonly fault: string };

/** Longest line, in bytes: the same as the limit of a whole request. */
export const LONGEST_LINE = 1_048_576;

export const TOO_LONG = 'is longer than 1 MiB';

/** Applies the rules of a request body to the content of a line. */
export const keepable = (record: unknown): Content => {
  const fault = jsonFault(record);
  return fault === undefined ? { record } : { fault };
};

/** Refuses a whole file. Nothing of it is imported. */
export const unreadable = (detail: string): Problem => new Problem(400, 'UNREADABLE_FILE', detail);

import Type from 'typebox';

/** A query parameter of lists: the whole list as a file. */
export const FileFormat = Type.Enum(['csv', 'ndjson'], {
  description: 'All matches as a file instead of a page; `limit` and `cursor` are ignored.',
});

/** Media types of these files, for `files` of the answer's contract. */
export const FILE_MEDIA: readonly string[] = ['text/csv', 'application/x-ndjson'];

import type { Writable } from 'node:stream';
import type { PoolClient } from 'pg';

/**
 * Sends the queries that `submit` makes in one piece: the database is woken once, and finds all of them. The connection is one in
 * pipeline mode, and `submit` makes its queries before it awaits anything.
 */
export const together = <T>(client: PoolClient, submit: () => T): T => {
  // pg corks this stream for each query by itself; corks add up.
  const { stream } = (client as PoolClient & { readonly connection: { readonly stream: Writable } }).connection;
  stream.cork();
  try {
    return submit();
  } finally {
    stream.uncork();
  }
};

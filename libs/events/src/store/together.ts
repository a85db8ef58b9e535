import type { Writable } from 'node:stream';
import type { PoolClient } from 'pg';

/**
 * Sends the queries of `submit` in one piece: the database wakes once and finds all of them. The connection is in pipeline
 * mode, and `submit` must start its queries before it awaits anything.
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

import { types } from 'node:util';
import { DatabaseError } from 'pg';
import { tryAgain } from '../try-again.ts';
import { ConnectionLostError } from './line.ts';

/** The most tries of a query that changes nothing, and the pause before the last of them, in milliseconds. */
const TRIES = 3;
const PAUSE_MS = 250;

/** Whether the error of a query says that the database is away, rather than that it refuses the query. */
export const isAway = (error: unknown): boolean =>
  error instanceof ConnectionLostError || !(error instanceof DatabaseError) || error.severity === 'FATAL';

/** Error codes of PostgreSQL (connection lost, server stopping or starting, too many connections, disk full) and of sockets. */
const UNAVAILABLE = /^(08|57P0|53|ECONNREFUSED|ECONNRESET|EPIPE)/;
/** Errors of pg that have no code. */
const UNAVAILABLE_MESSAGE = /Connection terminated|timeout exceeded when trying to connect|not queryable/;

/** Whether an error of any origin says that the database is away or full: the same call may succeed a moment later. */
export const isUnavailable = (error: unknown): boolean => {
  // `instanceof` misses errors of Node's own sockets where code runs in a vm context, as under Jest.
  if (!types.isNativeError(error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  // The socket file of a PostgreSQL that is down. Another missing file is a fault of this program.
  const noSocket = code === 'ENOENT' && 'syscall' in error && error.syscall === 'connect';
  return (
    noSocket ||
    UNAVAILABLE.test(code) ||
    error instanceof ConnectionLostError ||
    UNAVAILABLE_MESSAGE.test(error.message)
  );
};

/** Retries the query if the connection was lost: the pool may return a dead connection that it has not noticed yet. */
export const askAgain = <T>(ask: () => Promise<T>): Promise<T> =>
  tryAgain(ask, { when: isAway, atMost: TRIES, pauseMs: (tries) => (tries === 1 ? 0 : PAUSE_MS) });

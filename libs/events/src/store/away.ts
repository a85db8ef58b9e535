import { DatabaseError } from 'pg';
import { tryAgain } from '../try-again.ts';
import { ConnectionLostError } from './line.ts';

/** The most tries of a query that changes nothing, and the pause before the last of them, in milliseconds. */
const TRIES = 3;
const PAUSE_MS = 250;

/** Whether the error of a query says that the database is away, rather than that it refuses the query. */
export const isAway = (error: unknown): boolean =>
  error instanceof ConnectionLostError || !(error instanceof DatabaseError) || error.severity === 'FATAL';

/** Asks again when the connection was lost: the pool may have handed over a dead connection without knowing it yet. */
export const askAgain = <T>(ask: () => Promise<T>): Promise<T> =>
  tryAgain(ask, { when: isAway, atMost: TRIES, pauseMs: (tries) => (tries === 1 ? 0 : PAUSE_MS) });

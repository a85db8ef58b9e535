import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseError } from 'pg';
import { ConnectionLostError } from './line.ts';

/** How often what may be asked any number of times is asked, and after what pause in milliseconds it is for the last time. */
const TRIES = 3;
const PAUSE_MS = 250;

/** Whether an error says that the database is not there, rather than that it refuses. */
export const isAway = (error: unknown): boolean =>
  error instanceof ConnectionLostError || !(error instanceof DatabaseError) || error.severity === 'FATAL';

/** Asks again when the connection was lost: the pool may have handed one over of which nobody knew yet that it is dead. */
export const askAgain = async <T>(ask: () => Promise<T>): Promise<T> => {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (tries === TRIES || !isAway(error)) throw error;
    }
    await sleep(tries === 1 ? 0 : PAUSE_MS);
  }
};

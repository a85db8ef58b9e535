import { setTimeout as sleep } from 'node:timers/promises';
import { timeOfTypeid } from '#ids';
import { realTime } from '../clock/clock.ts';

/** How long the event that makes something known may take to arrive, and how often it is looked for meanwhile, in milliseconds. */
const ON_ITS_WAY_MS = 1_000;
const LOOK_MS = 20;
/** What is of this age or less, in milliseconds, is waited for longer: a consumer that has just started needs seconds to join Kafka. */
const NEW_MS = 60_000;
const NEW_ON_ITS_WAY_MS = 10_000;

/**
 * Looks for something of another service until its event has arrived, for a while: a caller may name what it created a moment ago.
 * @param id of what is looked for, a TypeID, which says how old it is; left out if it is looked for by a name
 * @returns undefined if it does not arrive
 */
export const arrived = async <T>(look: () => Promise<T | undefined>, id?: string): Promise<T | undefined> => {
  const isNew = id !== undefined && realTime() - timeOfTypeid(id) < NEW_MS;
  const deadline = performance.now() + (isNew ? NEW_ON_ITS_WAY_MS : ON_ITS_WAY_MS);
  for (;;) {
    const found = await look();
    if (found !== undefined || performance.now() > deadline) return found;
    await sleep(LOOK_MS);
  }
};

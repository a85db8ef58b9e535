// Imported by its own path: Node runs this file in child processes without compiling decorators, which the index imports.
import type { StreamType } from '#events/decider';

export interface Increased {
  readonly type: 'counter.increased';
}

/** Counts its own events. */
export const counters: StreamType<number, Increased> = {
  name: 'counter',
  initialState: 0,
  evolve: (total) => total + 1,
};

export const metadata = { actor: { type: 'system', id: 'test' }, correlation_id: 'test' } as const;

export class LimitReached extends Error {
  override readonly name = 'LimitReached';
}

export const increase =
  (limit = Infinity) =>
  (total: number): Increased[] => {
    if (total >= limit) throw new LimitReached();
    return [{ type: 'counter.increased' }];
  };

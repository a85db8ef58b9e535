import { jest } from '@jest/globals';

/** Everything but the clock goes on as ever. */
const REAL = [
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
] as const;

/** The clock stands still; `jest.setSystemTime` puts it on, and `jest.useRealTimers` sets it going again. */
export const stopClock = (at: number): void => {
  jest.useFakeTimers({ doNotFake: [...REAL], now: at });
};

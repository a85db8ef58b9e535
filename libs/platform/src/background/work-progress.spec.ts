import { jest } from '@jest/globals';
import type { BackgroundWork } from './background-work.ts';
import { WorkProgress } from './work-progress.ts';

describe('the progress of background work', () => {
  afterEach(() => jest.useRealTimers());

  const linesAfterAMinute = async (isEndless: boolean): Promise<number> => {
    jest.useFakeTimers();
    const info = jest.fn();
    const progress = new WorkProgress({ isEndless } as BackgroundWork, {}, { info } as never);
    for (let second = 0; second < 60; second += 1) {
      progress.done();
      await progress.look(new Date(), false);
      jest.advanceTimersByTime(1_000);
    }
    return info.mock.calls.length;
  };

  it('is shown while it goes on for long', async () => {
    expect(await linesAfterAMinute(false)).toBeGreaterThan(5);
  });

  it('is not shown for work that never ends', async () => {
    expect(await linesAfterAMinute(true)).toBe(0);
  });
});

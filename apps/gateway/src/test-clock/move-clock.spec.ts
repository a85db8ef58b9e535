import type { CatchUp, ClockFollower } from '#platform/clock/catch-up';
import { moveClock } from './move-clock.ts';

const TO = new Date('2026-02-01T00:00:00.000Z');

/** A service that reports these results in sequence, and then repeats the last one. */
const follower = (service: string, reports: readonly CatchUp[]): ClockFollower & { readonly asked: Date[] } => {
  const asked: Date[] = [];
  return {
    service,
    asked,
    kept: () => Promise.resolve(undefined),
    catchUp: (to) => Promise.resolve(reports[Math.min(asked.push(to), reports.length) - 1] ?? { head: 0, behind: [] }),
  };
};

describe('moving the clock', () => {
  it('repeats while an event of one service may make work due in another', async () => {
    const licensing = follower('licensing', [
      { head: 1, behind: [] },
      { head: 2, behind: [] },
    ]);
    const billing = follower('billing', [
      { head: 5, behind: [] },
      { head: 5, behind: [] },
      { head: 6, behind: [] },
    ]);
    await moveClock([licensing, billing], TO);
    // The third round still reported an event, and two rounds without events followed.
    expect(billing.asked).toEqual([TO, TO, TO, TO, TO]);
    expect(licensing.asked).toHaveLength(5);
  });

  it('waits for work that is behind, and names it when it takes too long', async () => {
    const late = follower('licensing', [
      { head: 1, behind: ['licensing: renewals'] },
      { head: 1, behind: [] },
    ]);
    await moveClock([late], TO);
    expect(late.asked).toHaveLength(3);
    const stuck = follower('licensing', [{ head: 1, behind: ['licensing: renewals'] }]);
    await expect(moveClock([stuck], TO, 0)).rejects.toMatchObject({
      status: 503,
      code: 'TEST_CLOCK_BEHIND',
      extensions: { behind: ['licensing: renewals'] },
    });
  });
});

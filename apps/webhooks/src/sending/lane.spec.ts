import { jest } from '@jest/globals';
import { claimedDelivery as delivery } from '../../../../test/support/sending.ts';
import { Lane } from './lane.ts';

describe('a lane', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('expects answers to recent attempts, not to old ones', () => {
    const lane = new Lane(10);
    for (let n = 1; n <= 4; n++) lane.add(delivery(n));
    lane.next(); // dlv_1: never answered
    jest.advanceTimersByTime(20);
    for (let n = 2; n <= 4; n++) lane.next();
    expect(lane.answered(delivery(2))).toBe(true);
    expect(lane.answered(delivery(3))).toBe(true);
    expect(lane.answered(delivery(4))).toBe(false);
  });

  it('expects no answer to a canceled attempt', () => {
    const lane = new Lane(10);
    for (let n = 1; n <= 2; n++) lane.add(delivery(n));
    lane.next();
    lane.next();
    lane.done(delivery(1));
    expect(lane.answered(delivery(2))).toBe(false);
  });
});

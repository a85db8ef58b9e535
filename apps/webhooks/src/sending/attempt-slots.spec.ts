import { jest } from '@jest/globals';
import { Lane } from './lane.ts';
import { AttemptSlots } from './attempt-slots.ts';

const laneOf = (product: string): Lane => Object.assign(new Lane(10), { product });

describe('slots for attempts', () => {
  it('are given to products in turn, and to the lanes of each', () => {
    const slots = new AttemptSlots(10);
    const [a1, a2, a3, b1] = ['a', 'a', 'a', 'b'].map(laneOf) as [Lane, Lane, Lane, Lane];
    for (const lane of [a1, a2, a3, b1]) slots.wait(lane);
    expect(slots.turn()).toBe(a1);
    slots.wait(a1);
    expect([slots.turn(), slots.turn(), slots.turn(), slots.turn(), slots.turn()]).toEqual([b1, a2, a3, a1, undefined]);
  });

  it('are limited in number, and free again when one is given back', () => {
    const slots = new AttemptSlots(2);
    for (const id of ['x', 'y']) slots.take(id);
    expect(slots.free).toBe(false);
    slots.sweep(1);
    expect(slots.free).toBe(false);
    slots.give('x');
    expect(slots.free).toBe(true);
  });

  describe('of attempts that have waited long for an answer', () => {
    beforeEach(() => jest.useFakeTimers());
    afterEach(() => jest.useRealTimers());

    /** How many of ten slots are free after a sweep. */
    const freeAfter = (idle: number): number => {
      const slots = new AttemptSlots(10);
      for (let n = 0; n < 10; n++) slots.take(`slow ${n}`);
      jest.advanceTimersByTime(1_001);
      slots.sweep(idle);
      let free = 0;
      for (; slots.free; free++) slots.take(`quick ${free}`);
      return free;
    };

    it('are all freed by an idle process', () => expect(freeAfter(1)).toBe(10));
    it('are freed in proportion to the idle time of the process', () => expect(freeAfter(0.3)).toBe(3));
    it('stay taken in a process without idle time', () => expect(freeAfter(0)).toBe(0));
  });
});
